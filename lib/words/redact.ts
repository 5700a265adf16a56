const GONE = '[redacted]';

/** A name whose last part shows that its value is a secret: `PGPASSWORD`, `adminToken`, `AWS_SECRET_ACCESS_KEY`. */
const SECRET_NAME = String.raw`[\w.-]{0,80}?(?:password|passwd|passphrase|passcode|pwd|[_-]pass|token|secret|secret[-_]?key[-_]?base|authorization|cookie|credentials?|(?:api|access|account|auth|private|secret|signing|encryption|master|shared)[-_]?key|client-key-data|connection[-_]?string|[_-]pat|\bauth)`;

/** A boolean or a count under such a name (`requireAuth: true`) is not a secret. */
const NO_SECRET = String.raw`(?!(?:true|false|null|none|~|\d{1,3}|""|'')(?:[\s,}\]]|$))`;

/** Tokens with a known form. */
const TOKENS = [
  // JSON web tokens, plain, and in base64 as in a Secret.
  String.raw`\beyJ[\w-]+\.[\w-]+\.[\w-]*`,
  String.raw`\bZXlK[\w+/]{40,}=*`,
  // GitHub, GitLab, npm, PyPI, Docker Hub
  String.raw`\bgh[opsur]_\w{20,}`,
  String.raw`\bgithub_pat_\w{20,}`,
  String.raw`\bgl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rt|soat)-[\w-]{16,}`,
  String.raw`\bnpm_[A-Za-z0-9]{30,}`,
  String.raw`\bpypi-[\w-]{16,}`,
  String.raw`\bdckr_(?:oat|pat)_[\w-]{20,}`,
  // AWS, Google, DigitalOcean, Databricks
  String.raw`\b(?:ABIA|ACCA|AKIA|ASIA)[A-Z0-9]{16}\b`,
  String.raw`\bAIza[\w-]{35}`,
  String.raw`\bya29\.[\w.-]{16,}`,
  String.raw`\bGOCSPX-[\w-]{16,}`,
  String.raw`\bdo[opr]_v1_[a-f0-9]{32,}`,
  String.raw`\bdapi[a-f0-9]{32}\b`,
  // Slack, Stripe, SendGrid, Grafana, Hugging Face, and those of language models
  String.raw`\bxox[abeoprs]-[\w-]{10,}`,
  String.raw`\bxapp-[\w-]{10,}`,
  String.raw`\b[rs]k_(?:live|test)_\w{16,}`,
  String.raw`\bSG\.[\w-]{16,}\.[\w-]{16,}`,
  String.raw`\bgl(?:c|sa)_[\w=+/]{20,}`,
  String.raw`\bhf_[A-Za-z0-9]{30,}`,
  String.raw`\bsk-[\w-]{20,}`,
  // Vault, Terraform, age, a kubeadm bootstrap token, k3s
  String.raw`\bhv[bsr]\.[\w-]{20,}`,
  String.raw`\b\w{14}\.atlasv1\.[\w-]{60,}`,
  String.raw`\bAGE-SECRET-KEY-1[A-Z0-9]{20,}`,
  String.raw`(?<![\w.-])[a-z0-9]{6}\.(?=[a-z]*\d)[a-z0-9]{16}(?![\w.-])`,
  String.raw`\bK10[a-f0-9]{64}::[\w:.-]+`,
  // Hashes of passwords: crypt(3), bcrypt, htpasswd
  String.raw`\$(?:2[abxy]|5|6|apr1|argon2id?|y)\$[\w./$=,+-]{20,}`,
];

type Replacement = string | ((found: string, before: string, value: string) => string);

const patterns: [RegExp, Replacement][] = [
  // PEM, with real line ends or those of a JSON text.
  [/(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, `$1${GONE}$2`],
  // PEM in base64, as in a Secret or a kubeconfig. A certificate stays.
  [/\bLS0tLS1CRUdJTi[\w+/]+=*/g, (found) => (/PRIVATE KEY/.test(decoded(found)) ? GONE : found)],
  [new RegExp(TOKENS.join('|'), 'g'), GONE],
  [/\b(Bearer|Basic|Negotiate|Token) +[\w.~+/=-]{8,}/gi, `$1 ${GONE}`],
  // https://user:password@host
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s:@/"']{0,200}:)[^\s@/"']+@/gi, `$1${GONE}@`],
  // A block of YAML lines under a secret's name.
  [
    new RegExp(
      String.raw`^([ \t]*)((?:- +)?["']?${SECRET_NAME}["']?:[ \t]*[|>][-+\d]*)[ \t]*\n(?:(?:\1[ \t]+.*|[ \t]*)(?:\n|$))+`,
      'gim',
    ),
    `$1$2 ${GONE}\n`,
  ],
  // A variable or a header in Kubernetes and Envoy: a name, and its value beside it.
  [
    new RegExp(String.raw`("(?:name|key)"\s*:\s*"${SECRET_NAME}"\s*,\s*"value"\s*:\s*)"(?:[^"\\]|\\.)*"`, 'gi'),
    `$1"${GONE}"`,
  ],
  [new RegExp(String.raw`(\b(?:name|key): *["']?${SECRET_NAME}["']?[ \t]*\n[ \t]*value: *)\S.*`, 'gi'), `$1${GONE}`],
  // `--password x`, and the same as two items of a list.
  [new RegExp(String.raw`((?:^|[\s'"])--?${SECRET_NAME}[ \t]+)(?!-)[^\s'"]+`, 'gim'), `$1${GONE}`],
  [new RegExp(String.raw`("--?${SECRET_NAME}"\s*,\s*)"(?:[^"\\]|\\.)*"`, 'gi'), `$1"${GONE}"`],
  [new RegExp(String.raw`(^[ \t]*- +["']?--?${SECRET_NAME}["']?[ \t]*\n[ \t]*- +)\S.*`, 'gim'), `$1${GONE}`],
  // `token: x`, `"authorization": "x"`, `--set=auth.password=x`, `DB_PASSWORD=x`. Lists and maps are not secrets themselves.
  [
    new RegExp(
      String.raw`\b(${SECRET_NAME}"?[ \t]*[:=][ \t]*)${NO_SECRET}(?!\[redacted\])("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'[{,|>][^\n,]*)`,
      'gi',
    ),
    // JSON stays JSON.
    (_, before, value) => before + (value.startsWith('"') ? `"${GONE}"` : GONE),
  ],
];

/** The secrets of this process, in every form in which they can appear; the longest first. */
let known: { text: string; pattern: RegExp }[] = [];

/** A shorter text is part of too many others. */
export const SHORTEST_SECRET = 4;
/** From this length on, a secret is also found within longer words. */
const LONG = 8;

/**
 * From now on, removes `secret` from every text that this process writes: as it is, within JSON, in base64, and in a URL.
 * Ignores secrets shorter than `SHORTEST_SECRET`.
 */
export function keepSecret(secret: string): void {
  if (secret.length < SHORTEST_SECRET) return;
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
  ];
  for (const text of forms) {
    if (known.some((each) => each.text === text)) continue;
    const escaped = text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    const bounded = text.length < LONG ? `(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])` : escaped;
    known.push({ text, pattern: new RegExp(bounded, 'g') });
  }
  known = known.sort((a, b) => b.text.length - a.text.length);
}

/** Keeps `user:password` in base64 secret, and the password, as in HTTP's Basic scheme (RFC 7617) and Docker's `auth`. */
export function keepBasicCredentials(base64: string): void {
  keepSecret(base64);
  const pair = Buffer.from(base64, 'base64').toString('utf8');
  keepSecret(pair.slice(pair.indexOf(':') + 1));
}

/** Whether a setting's name shows that its value is a secret: `osm.auth.adminPassword`. */
export function isSecretName(name: string): boolean {
  return new RegExp(`^${SECRET_NAME}$`, 'i').test(name);
}

/** Keeps the values of settings `KEY=VALUE` secret whose names show it. A boolean (`useToken=true`) is not secret. */
export function keepSecretsOf(pairs: readonly string[]): void {
  // Helm allows several in one word.
  for (const pair of pairs.flatMap((word) => word.split(/,(?=[^,={}]+=)/))) {
    const at = pair.indexOf('=');
    const value = pair.slice(at + 1);
    if (at > 0 && isSecretName(pair.slice(0, at)) && new RegExp(`^${NO_SECRET}`, 'i').test(value)) keepSecret(value);
  }
}

/** A text without the secrets of this process. Everything else stays, so it is cheap, and right for evidence. */
export function withoutKnownSecrets(text: string): string {
  return known.reduce((rest, each) => (rest.includes(each.text) ? rest.replace(each.pattern, GONE) : rest), text);
}

/** A text without the secrets of this process, and without what looks like a private key, token or password. */
export function redact(text: string): string {
  return patterns.reduce(
    // The types of `replace` have no union of a text and a function.
    (rest, [pattern, by]) => (typeof by === 'string' ? rest.replace(pattern, by) : rest.replace(pattern, by)),
    withoutKnownSecrets(text),
  );
}

/** A copy of a value with all its texts redacted. */
export function redactValue<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, node: unknown) => (typeof node === 'string' ? redact(node) : node));
}

function decoded(base64: string): string {
  return Buffer.from(base64.slice(0, 200), 'base64').toString('latin1');
}
