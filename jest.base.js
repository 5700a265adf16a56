// What every jest run of this project shares: native ES modules, TypeScript by swc.
export default {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // Copies of the project lie there while its assertions are tried.
  modulePathIgnorePatterns: ['<rootDir>/reports/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
};
