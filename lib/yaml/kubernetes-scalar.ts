/** A plain scalar (one without quotes) as `kubectl` reads it, or why this program refuses it. */
export type Reading = { value: string | number | boolean | null } | { refused: string };

const words = new Map<string, boolean | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
]);

/** Integers by base. An octal number needs no letter: `0400` is a file's mode. */
const integers: readonly [form: RegExp, base: number][] = [
  [/^([-+]?)0[xX]([0-9a-fA-F]+)$/, 16],
  [/^([-+]?)0[bB]([01]+)$/, 2],
  [/^([-+]?)0[oO]?([0-7]+)$/, 8],
  [/^([-+]?)(0|[1-9][0-9]*)$/, 10],
];
const infinite = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;
const decimal = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

/**
 * Reads a plain scalar by the rules of `sigs.k8s.io/yaml`, which `kubectl` uses: those of go-yaml v2, which are neither
 * YAML 1.1 nor 1.2. `0400` is 256, `y` and `on` are true, `1_000` is 1000, and `1:30` and `2026-01-02` are texts.
 * Refuses numbers that JSON or this program cannot hold. https://github.com/kubernetes-sigs/yaml goyaml.v2/resolve.go
 */
export function kubernetesScalar(source: string): Reading {
  const word = words.get(source);
  if (word !== undefined) return { value: word };
  if (infinite.test(source)) return { refused: `${source} is not a number in JSON, so Kubernetes refuses it` };
  if (!/^[-+.0-9]/.test(source)) return { value: source };
  // In a number that begins with a point, Go allows underscores only between digits.
  const isGrouped = !source.startsWith('.') || !/(?<!\d)_|_(?!\d)/.test(source);
  const plain = isGrouped ? source.replaceAll('_', '') : source;
  for (const [form, base] of integers) {
    const [, sign, digits] = form.exec(plain) ?? [];
    if (digits !== undefined) return exactly(source, (sign === '-' ? -1 : 1) * Number.parseInt(digits, base));
  }
  const value = decimal.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(value) ? { value: value + 0 } : { value: source };
}

/** Integers in Kubernetes have 64 bits; those of JavaScript are exact up to 53 bits. */
function exactly(source: string, value: number): Reading {
  if (Number.isSafeInteger(value)) return { value: value + 0 };
  return { refused: `the number ${source} is too large to be read exactly; if it is a text, write it in quotes` };
}
