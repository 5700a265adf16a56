/**
 * Imports go one way. The harness composes nothing: suites -> harness -> judge -> probe -> fixtures -> kube. Commands
 * compose: cli -> driver-kit -> run -> everything that a run needs. The evidence knows nobody but words. The table of
 * fixtures imports nothing, and every folder may read it.
 */
const table = '^lib/fixtures/table\\.ts$';

const layer = (name, allowed) => ({
  name: `${name}-imports`,
  severity: 'error',
  from: { path: `^lib/${name}/` },
  to: { path: '^(lib|suites)/', pathNot: [`^lib/(${[name, ...allowed].join('|')})/`, table] },
});

/** What each folder of lib may import, besides itself. */
const layers = {
  words: [],
  yaml: [],
  compiled: [],
  polling: [],
  processes: ['polling'],
  console: ['words'],
  evidence: ['words'],
  kube: ['polling', 'processes', 'words', 'yaml'],
  fixtures: ['compiled', 'kube', 'polling', 'words', 'yaml'],
  providers: ['compiled', 'fixtures', 'kube', 'polling', 'processes', 'words', 'yaml'],
  probe: ['fixtures', 'kube', 'evidence'],
  mesh: ['compiled', 'kube', 'polling', 'processes', 'words', 'yaml'],
  judge: ['probe', 'fixtures', 'kube', 'mesh', 'evidence', 'polling'],
  options: ['mesh', 'kube', 'words', 'yaml'],
  schedule: ['judge', 'mesh', 'options', 'kube', 'words'],
  report: ['evidence', 'words'],
  sandbox: ['compiled', 'polling', 'words'],
  prove: ['sandbox', 'evidence', 'words'],
  run: [
    ...['judge', 'schedule', 'options', 'probe', 'providers', 'fixtures', 'mesh', 'kube'],
    ...['report', 'evidence', 'sandbox', 'console', 'polling', 'processes', 'compiled', 'words'],
  ],
  'driver-kit': [
    ...['run', 'judge', 'options', 'probe', 'fixtures', 'mesh', 'kube', 'evidence', 'console', 'compiled', 'words'],
  ],
};

/**
 * What may be imported of another folder: its index, and the files that hold nothing but a contract or a table. Those are
 * named one by one, so that help and wrong use are answered without loading what only a run needs.
 */
const doors = [
  '[^/]+/index',
  'compiled/built',
  'console/[^/]+',
  '(run|driver-kit)/.+',
  'fixtures/(actor|manifests|table)',
  'judge/(ask|batches|calls|claim|fixture-sets|timing)',
  'kube/client/kubeconfig',
  'kube/cluster',
  'mesh/errors',
  'mesh/mesh',
  'options/options',
  'polling/poll-until',
  'processes/(command|lines)',
  'providers/engine',
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
      name: 'harness-imports-judge-only',
      severity: 'error',
      from: { path: '^lib/harness\\.ts$' },
      to: { path: '^lib/', pathNot: ['^lib/judge/', table] },
    },
    ...Object.entries(layers).map(([name, allowed]) => layer(name, allowed)),
    {
      name: 'every-folder-is-a-layer',
      severity: 'error',
      from: { path: '^lib/[^/]+/', pathNot: ['^lib/cli/', ...Object.keys(layers).map((name) => `^lib/${name}/`)] },
      to: {},
    },
    {
      name: 'through-the-front-door',
      severity: 'error',
      from: { path: '^lib/([^/]+)/' },
      to: { path: '^lib/[^/]+/', pathNot: ['^lib/$1/', '/testing/', ...doors] },
    },
    {
      name: 'one-place-passes-proxies',
      severity: 'error',
      from: { path: '^(lib|suites)/', pathNot: '^lib/kube/client/' },
      to: { path: 'node_modules/(https|socks)-proxy-agent' },
    },
    {
      name: 'one-place-retries',
      severity: 'error',
      from: { path: '^(lib|suites)/', pathNot: '^lib/kube/client/' },
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
