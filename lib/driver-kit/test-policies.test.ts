import { expect, test } from '@jest/globals';
import { whoWasLetIn } from './test-policies.ts';

test.each([
  [[], 'neither'],
  [[0], 'the client'],
  [[1], 'another'],
  [[0, 1], 'both'],
])('of those answered (%j) it says whom the policy let in: %s', (answered, who) => {
  expect(whoWasLetIn(answered)).toBe(who);
});
