import base from '../../../jest.base.js';

/** How `meshproof run` runs claims: one file, which declares them in the plan's order and asks the conductor for everything else. */
export default {
  ...base,
  testMatch: ['<rootDir>/lib/cli/jest/claims.ts'],
  testEnvironment: 'allure-jest/node',
  testEnvironmentOptions: { resultsDir: process.env.MESHPROOF_ALLURE_RESULTS, globalsCleanup: 'off' },
  // The conductor bounds every claim; jest's own limit could only end one behind its back.
  testTimeout: 24 * 3_600_000,
  forceExit: true,
};
