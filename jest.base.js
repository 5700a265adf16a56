// What the project's own tests share: native ES modules, TypeScript by swc.
export default {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/lib', '<rootDir>/suites'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // A watchman that hangs would stop jest for ever, and so would a find.
  watchman: false,
  haste: { forceNodeFilesystemAPI: true },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
};
