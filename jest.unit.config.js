import base from './jest.base.js';

/** The project's own tests: everything that runs without a cluster. */
export default { ...base, testMatch: ['<rootDir>/lib/**/*.test.ts', '<rootDir>/suites/**/*.test.ts'] };
