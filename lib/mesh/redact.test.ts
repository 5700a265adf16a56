import { expect, test } from '@jest/globals';
import { redact, redactManifest, redactValue } from './redact.ts';

const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----';

test.each([
  ['a private key', `x\n${pem}\ny`, 'x\n-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----\ny'],
  [
    'a private key within JSON',
    JSON.stringify({ k: pem }),
    '{"k":"-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----"}',
  ],
  ['a private key cut off', '-----BEGIN PRIVATE KEY-----\nMIIE', '-----BEGIN PRIVATE KEY-----[redacted]'],
  ['a token in JSON', '{"token": "abc", "n": 1}', '{"token": [redacted], "n": 1}'],
  ['a token in YAML', 'accessToken: abc\nnext: 1', 'accessToken: [redacted]\nnext: 1'],
  ['a header', '> Authorization: Bearer abcdefghij', '> Authorization: [redacted]'],
  ['a bearer token in prose', 'sent Bearer abcdefghij to', 'sent Bearer [redacted] to'],
  ['a JSON web token', 'seen eyJhbGciOi.eyJzdWIi.c2ln here', 'seen [redacted] here'],
  ['a value for an installer', '--set=db.password=opensesame', '--set=db.password=[redacted]'],
])('%s is left out', (_, text, expected) => {
  expect(redact(text)).toBe(expected);
});

test.each([
  'inboundExternalAuthorization:\n  enable: false',
  'secretName: cert',
  '"dynamic_active_secrets": [\n {',
  'secrets: 3',
  '-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----',
])('what is no secret stays: %j', (text) => {
  expect(redact(text)).toBe(text);
});

test('texts are redacted wherever they stand in a value', () => {
  expect(redactValue({ run: ['x', 'token=abc'], n: 1 })).toEqual({ run: ['x', 'token=[redacted]'], n: 1 });
});

test('a Secret keeps its keys and loses its values; other objects lose what only tools need', () => {
  const metadata = {
    name: 's',
    managedFields: [{}],
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', own: 'yes' },
  };
  expect(redactManifest({ apiVersion: 'v1', kind: 'Secret', metadata, data: { key: 'YWJj' }, type: 'Opaque' })).toEqual(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', annotations: { own: 'yes' } },
      data: { key: '[redacted]' },
      type: 'Opaque',
    },
  );
});
