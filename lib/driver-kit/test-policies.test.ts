import { expect, test } from '@jest/globals';
import { whoWasLetIn } from './test-policies.ts';

test.each([
  [[], 'neither'],
  [[0], 'the client'],
  [[1], 'another'],
  [[0, 1], 'both'],
])('names the clients that the policy let in, if %j were answered: %s', (answered, who) => {
  expect(whoWasLetIn(answered)).toBe(who);
});
