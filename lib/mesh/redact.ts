import type { Manifest } from '../cluster/cluster.ts';

const gone = '[redacted]';

const patterns: [RegExp, string][] = [
  // PEM, with real line ends or those of a JSON text.
  [/(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, `$1${gone}$2`],
  // JSON web tokens, wherever they stand.
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, gone],
  [/\b(Bearer|Basic) +[\w.~+/=-]{8,}/gi, `$1 ${gone}`],
  // `token: x`, `"authorization": "x"`, `--set=auth.password=x`. Lists and maps are no secrets themselves.
  [
    /\b([\w.-]*(?:password|passwd|token|secret|authorization|api[-_]?key|private[-_]?key|client-key-data)"?[ \t]*[:=][ \t]*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'[{,][^\n,]*)/gi,
    `$1${gone}`,
  ],
];

/** A text without private keys, tokens and passwords. */
export function redact(text: string): string {
  return patterns.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}

/** A copy of a value with every text in it redacted. */
export function redactValue<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, node: unknown) => (typeof node === 'string' ? redact(node) : node));
}

/** An object for people's eyes: without a Secret's data, and without what only tools need. */
export function redactManifest(manifest: Manifest): Manifest {
  const { managedFields, annotations, ...metadata } = manifest.metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': applied, ...others } = annotations ?? {};
  const shown: Manifest = { ...manifest, metadata: { ...metadata, annotations: others } };
  if (manifest.kind !== 'Secret') return shown;
  for (const field of ['data', 'stringData']) {
    const keys = Object.keys((manifest[field] ?? {}) as object);
    if (keys.length > 0) shown[field] = Object.fromEntries(keys.map((key) => [key, gone]));
  }
  return shown;
}
