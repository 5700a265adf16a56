import base from './jest.base.js';

/** The project's own tests: everything that runs without a cluster. The patterns hold no path, which could hold `[` or `!`. */
export default { ...base, testMatch: ['**/*.test.ts'] };
