import { expect, test } from '@jest/globals';
import type { Observation } from '../probe/index.ts';
import { Signs } from './signs.ts';

const seen = (protocol: 'http' | 'tcp', signature: string, enrolled = true, outcome = 'not-reached') =>
  ({ outcome, signature, route: { protocol, server: { enrolled } } }) as unknown as Observation;
const listing = (...signatures: string[]) => ({ expectedSignatures: () => signatures });

test('refusals are told in the words of a driver, and which of them it does not list', () => {
  const signs = new Signs();
  expect(signs.describe(listing())).toBeUndefined();
  signs.note(seen('http', 'HTTP 200', true, 'answered'));
  signs.note(seen('http', 'curl 56'));
  signs.note(seen('http', 'curl 52'));
  signs.note(seen('tcp', 'nc 0, silent'));
  signs.note(seen('tcp', 'nc 1, silent', false));
  const all = 'refusals looked so: { http: [curl 52, curl 56], tcp: ["nc 0, silent"], egress: ["nc 1, silent"] }';
  expect(signs.describe(listing())).toBe(`${all}\nthe driver lists none of them`);
  expect(signs.describe(listing('curl 52', 'nc 0, silent', 'nc 1, silent'))).toBe(
    `${all}\nthe driver does not list { http: [curl 56] }`,
  );
  expect(signs.describe(listing('curl 52', 'curl 56', 'nc 0, silent', 'nc 1, silent'))).toBe(all);
});
