/** Imports go one way: suites -> harness -> claim -> probe -> cluster; mesh -> cluster; report -> evidence; cli composes. */
const layer = (name, allowed) => ({
  name: `${name}-imports`,
  severity: 'error',
  from: { path: `^lib/${name}/` },
  to: { path: '^(lib|suites)/', pathNot: `^lib/(${[name, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '\\.(test|contract)\\.ts$' }, to: {} },
    {
      name: 'suites-import-the-harness-only',
      severity: 'error',
      from: { path: '^suites/' },
      to: { pathNot: '^lib/harness\\.ts$' },
    },
    {
      name: 'harness-imports-claim-only',
      severity: 'error',
      from: { path: '^lib/harness\\.ts$' },
      to: { path: '^lib/', pathNot: '^lib/claim/' },
    },
    layer('evidence', []),
    layer('cluster', []),
    layer('probe', ['cluster', 'evidence']),
    layer('mesh', ['cluster']),
    layer('claim', ['probe', 'cluster', 'mesh', 'evidence']),
    layer('plan', ['claim', 'mesh', 'cluster']),
    layer('report', ['evidence']),
    layer('sandbox', []),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
