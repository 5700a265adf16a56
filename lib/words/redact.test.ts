import { expect, test } from '@jest/globals';
import { isSecretName, keepSecret, keepSecretsOf, redact, redactValue, withoutKnownSecrets } from './redact.ts';

const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----';
const base64 = (text: string) => Buffer.from(text).toString('base64');

test.each([
  ['a private key', `x\n${pem}\ny`, 'x\n-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----\ny'],
  [
    'a private key within JSON',
    JSON.stringify({ k: pem }),
    '{"k":"-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----"}',
  ],
  ['a private key cut off', '-----BEGIN PRIVATE KEY-----\nMIIE', '-----BEGIN PRIVATE KEY-----[redacted]'],
  ['a token in JSON', '{"token": "abc", "n": 1}', '{"token": "[redacted]", "n": 1}'],
  ['a token in YAML', 'accessToken: abc\nnext: 1', 'accessToken: [redacted]\nnext: 1'],
  ['a header', '> Authorization: Bearer abcdefghij', '> Authorization: [redacted]'],
  ['a bearer token in prose', 'sent Bearer abcdefghij to', 'sent Bearer [redacted] to'],
  ['a JSON web token', 'seen eyJhbGciOi.eyJzdWIi.c2ln here', 'seen [redacted] here'],
  ['a value for an installer', '--set=db.password=opensesame', '--set=db.password=[redacted]'],
  ['a value after an option', 'run --admin-token opensesame -v', 'run --admin-token [redacted] -v'],
  ['a value after an option, as JSON', '["--password", "opensesame"]', '["--password", "[redacted]"]'],
  ['a value after an option, as YAML', '- --password\n- opensesame\n', '- --password\n- [redacted]\n'],
  ['a block of YAML', 'password: |\n  open\n  sesame\nnext: 1', 'password: | [redacted]\nnext: 1'],
  ['a password in a URL', 'postgres://meshproof:opensesame@db/x', 'postgres://meshproof:[redacted]@db/x'],
  ['a variable of env', 'HOME=/root\nDB_PASSWORD=opensesame\nA=1', 'HOME=/root\nDB_PASSWORD=[redacted]\nA=1'],
  ['a key of env', 'AWS_SECRET_ACCESS_KEY=opensesame', 'AWS_SECRET_ACCESS_KEY=[redacted]'],
  ['a password of env', 'MYSQL_PWD=opensesame\nSMTP_PASS=x1y2', 'MYSQL_PWD=[redacted]\nSMTP_PASS=[redacted]'],
  ['a token of env', 'GITHUB_PAT=abc\nSECRET_KEY_BASE=x', 'GITHUB_PAT=[redacted]\nSECRET_KEY_BASE=[redacted]'],
  [
    'a variable of a pod, as JSON',
    '{"name": "DB_PASSWORD", "value": "open\\"sesame"}',
    '{"name": "DB_PASSWORD", "value": "[redacted]"}',
  ],
  ['a variable of a pod, as YAML', '- name: DB_PASSWORD\n  value: open', '- name: DB_PASSWORD\n  value: [redacted]'],
  ['a header of Envoy', '{"key":"cookie","value":"id=1"}', '{"key":"cookie","value":"[redacted]"}'],
  ['credentials of a registry', '{"auth": "dXNlcjpwYXNz"}', '{"auth": "[redacted]"}'],
  ['a private key in base64', `k: ${base64(pem)}`, 'k: [redacted]'],
  ['a service account token in base64', `k ${base64('eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJ')}`, 'k [redacted]'],
  ...[
    `ghp_${'a1B2c3'.repeat(6)}`,
    `github_pat_${'a1B2c3'.repeat(6)}`,
    `glpat-${'a1B2c3'.repeat(4)}`,
    'AKIAABCDEFGHIJKLMNOP',
    `AIza${'a1B2c'.repeat(7)}`,
    'xoxb-1234567890-abcdef',
    `npm_${'a1B2c3'.repeat(6)}`,
    `dckr_pat_${'a1B2c3'.repeat(5)}`,
    `sk_live_${'a1B2c3'.repeat(4)}`,
    `hvs.${'a1B2c3'.repeat(5)}`,
    'abcdef.0123456789abcdef',
    `$2y$10$${'a1B2c3./'.repeat(6)}`,
  ].map((token): [string, string, string] => [
    `a bare token: ${token.slice(0, 6)}…`,
    `got ${token} ok`,
    'got [redacted] ok',
  ]),
])('%s is left out', (_, text, expected) => {
  expect(redact(text)).toBe(expected);
});

test.each([
  'inboundExternalAuthorization:\n  enable: false',
  'secretName: cert',
  '"dynamic_active_secrets": [\n {',
  'secrets: 3',
  '-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----',
  `tls.crt: ${base64('-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----')}`,
  'requireAuth: true',
  'tokens: 12',
  'GET http://httpbin.httpbin:14001/get?n=mp1234ab',
  'spiffe://cluster.local/ns/curl/sa/curl',
  'curl-4-7cc5f665ff-cx4ls.meshproof0123456',
  'registry.example.com/mirror@sha256:0123456789abcdef',
])('what is no secret stays: %j', (text) => {
  expect(redact(text)).toBe(text);
});

test('redacts texts anywhere in a value', () => {
  expect(redactValue({ run: ['x', 'token=abc'], n: 1 })).toEqual({ run: ['x', 'token=[redacted]'], n: 1 });
});

test('the time to redact grows linearly with the length, also for texts that only look like secrets', () => {
  const text = 'a-b.c_d '.repeat(20_000) + 'x'.repeat(100_000) + '-.'.repeat(50_000);
  expect(redact(text)).toBe(text);
}, 5_000);

test('a known secret is left out in each of its forms', () => {
  keepSecret('open "sesame"/7');
  expect(withoutKnownSecrets('say open "sesame"/7!')).toBe('say [redacted]!');
  expect(withoutKnownSecrets(JSON.stringify({ a: 'xopen "sesame"/7x' }))).toBe('{"a":"x[redacted]x"}');
  expect(withoutKnownSecrets(`?q=${encodeURIComponent('open "sesame"/7')}`)).toBe('?q=[redacted]');
  expect(redact(`data: ${base64('open "sesame"/7')}`)).toBe('data: [redacted]');
});

test('a short secret is left out as a word, and not within other words', () => {
  keepSecret('zq7');
  keepSecret('zq78');
  expect(withoutKnownSecrets('zq7 user:zq78@host zq789')).toBe('zq7 user:[redacted]@host zq789');
});

test('a setting is a secret by its name, unless its value is a switch or a count', () => {
  keepSecretsOf([
    'mesh.replicas=71234567,mesh.adminPassword=71e55a',
    'useToken=true',
    'image.tag=v1-71e55b',
    'dbToken=12',
  ]);
  expect(withoutKnownSecrets('71234567 71e55a true v1-71e55b 12')).toBe('71234567 [redacted] true v1-71e55b 12');
});

test.each([
  ['osm.auth.password', true],
  ['global.imagePullSecret', true],
  ['DB_PASSWORD', true],
  ['x.apiKey', true],
  ['x.tokenEnabled', false],
  ['x.secretName', false],
  ['image.tag', false],
])('whether %s names a secret: %s', (name, expected) => {
  expect(isSecretName(name)).toBe(expected);
});
