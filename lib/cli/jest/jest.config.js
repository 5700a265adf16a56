import base from '../../../jest.base.js';

/** How `meshproof run` runs claims: one file, which declares them in the plan's order and asks the conductor for everything else. */
export default {
  ...base,
  // Whatever else is imported is found all the same; here it looks for tests at its start.
  roots: ['<rootDir>/lib/cli/jest'],
  testMatch: ['<rootDir>/lib/cli/jest/claims.ts'],
  testEnvironment: '<rootDir>/lib/cli/jest/environment.js',
  testEnvironmentOptions: { globalsCleanup: 'off' },
  // The conductor bounds every claim; jest's own limit could only end one behind its back.
  testTimeout: 24 * 3_600_000,
  forceExit: true,
};
