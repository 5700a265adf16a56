import { expect, test } from '@jest/globals';
import type { Observation } from '../probe/index.ts';
import { Signatures } from './signatures.ts';

const seen = (protocol: 'http' | 'tcp', signature: string, enrolled = true, outcome = 'not-reached') =>
  ({ outcome, signature, route: { protocol, server: { enrolled } } }) as unknown as Observation;
const listing = (...signatures: string[]) => ({ expectedSignatures: () => signatures });

test('prints refusals in the form of the field, and names those that the driver does not list', () => {
  const signatures = new Signatures();
  expect(signatures.describe(listing())).toBeUndefined();
  signatures.note(seen('http', 'HTTP 200', true, 'answered'));
  signatures.note(seen('http', 'curl 56'));
  signatures.note(seen('http', 'curl 52'));
  signatures.note(seen('tcp', 'nc 0, silent'));
  signatures.note(seen('tcp', 'nc 1, silent', false));
  const all =
    'refusals looked like this: { http: [curl 52, curl 56], tcp: ["nc 0, silent"], egress: ["nc 1, silent"] }';
  expect(signatures.describe(listing())).toBe(`${all}\nthe driver lists none of them`);
  expect(signatures.describe(listing('curl 52', 'nc 0, silent', 'nc 1, silent'))).toBe(
    `${all}\nthe driver does not list { http: [curl 56] }`,
  );
  expect(signatures.describe(listing('curl 52', 'curl 56', 'nc 0, silent', 'nc 1, silent'))).toBe(all);
});
