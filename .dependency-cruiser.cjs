/**
 * Imports go one way: suites -> harness -> claim -> probe -> cluster; mesh -> cluster; report -> evidence; cli composes.
 * Beneath all of them lie the evidence (what is written down) and words (what is said of a misspelt one).
 */
const layer = (name, allowed) => ({
  name: `${name}-imports`,
  severity: 'error',
  from: { path: `^lib/${name}/` },
  to: { path: '^(lib|suites)/', pathNot: `^lib/(${[name, ...allowed].join('|')})/` },
});

/**
 * What may be imported of another folder: its index, and the files that hold nothing but a contract or a table. Those are
 * named one by one, so that help and wrong use are answered without loading what only a run needs.
 */
const doors = [
  '[^/]+/index',
  'cluster/cluster',
  'cluster/fixtures/index',
  'cluster/fixtures/files',
  'cluster/provider/index',
  'mesh/mesh',
  'claim/declare',
  'claim/registry',
  'claim/timing',
].map((file) => `^lib/${file}[.]ts$`);

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
    layer('words', []),
    layer('evidence', []),
    layer('cluster', []),
    layer('probe', ['cluster', 'evidence']),
    layer('mesh', ['cluster', 'words']),
    layer('claim', ['probe', 'cluster', 'mesh', 'evidence']),
    layer('plan', ['claim', 'mesh', 'cluster', 'words']),
    layer('report', ['evidence']),
    layer('sandbox', []),
    {
      name: 'through-the-front-door',
      severity: 'error',
      from: { path: '^lib/([^/]+)/' },
      to: { path: '^lib/[^/]+/', pathNot: ['^lib/$1/', ...doors] },
    },
    {
      name: 'one-place-speaks-to-kubernetes',
      severity: 'error',
      from: { path: '^(lib|suites)/', pathNot: '^lib/cluster/client/' },
      to: { path: '@kubernetes/client-node' },
    },
    {
      name: 'one-place-retries',
      severity: 'error',
      from: { path: '^(lib|suites)/', pathNot: '^lib/cluster/client/' },
      to: { path: 'node_modules/p-retry' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^node_modules/.*/node_modules/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
