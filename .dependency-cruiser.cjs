/**
 * Imports go one way: suites -> harness -> claim -> probe -> cluster; mesh -> cluster; report -> evidence; cli composes.
 * Beneath all of them lie the evidence (what is written down) and words (what is said of a misspelt one), and yaml
 * (how YAML files are read).
 */
const layer = (name, allowed) => ({
  name: `${name}-imports`,
  severity: 'error',
  from: { path: `^lib/${name}/` },
  to: { path: '^(lib|suites)/', pathNot: `^lib/(${[name, ...allowed].join('|')})/` },
});

/** What each folder of lib may import, besides itself. */
const layers = {
  words: [],
  yaml: [],
  compiled: [],
  evidence: ['words'],
  cluster: ['words', 'yaml'],
  probe: ['cluster', 'evidence'],
  mesh: ['cluster', 'words', 'yaml'],
  claim: ['probe', 'cluster', 'mesh', 'evidence'],
  plan: ['claim', 'mesh', 'cluster', 'words', 'yaml'],
  report: ['evidence', 'words'],
  sandbox: ['compiled'],
  prove: ['sandbox', 'evidence', 'words'],
};

/**
 * What may be imported of another folder: its index, and the files that hold nothing but a contract or a table. Those are
 * named one by one, so that help and wrong use are answered without loading what only a run needs.
 */
const doors = [
  '[^/]+/index',
  'compiled/built',
  'cluster/cluster',
  'cluster/fixtures/index',
  'cluster/fixtures/files',
  'cluster/provider/engine',
  'cluster/provider/index',
  'mesh/mesh',
  'claim/body',
  'claim/declare',
  'claim/lanes',
  'claim/registry',
  'claim/rounds',
  'claim/script',
  'claim/timing',
].map((file) => `^lib/${file}[.][tj]s$`);

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
    ...Object.entries(layers).map(([name, allowed]) => layer(name, allowed)),
    {
      name: 'every-folder-is-a-layer',
      severity: 'error',
      from: { path: '^lib/[^/]+/', pathNot: ['^lib/cli/', ...Object.keys(layers).map((name) => `^lib/${name}/`)] },
      to: {},
    },
    layer('prove', ['evidence', 'sandbox', 'words']),
    {
      name: 'through-the-front-door',
      severity: 'error',
      from: { path: '^lib/([^/]+)/' },
      to: { path: '^lib/[^/]+/', pathNot: ['^lib/$1/', ...doors] },
    },
    {
      name: 'one-place-passes-proxies',
      severity: 'error',
      from: { path: '^(lib|suites)/', pathNot: '^lib/cluster/client/' },
      to: { path: 'node_modules/(https|socks)-proxy-agent' },
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
