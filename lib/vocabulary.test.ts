import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const project = join(import.meta.dirname, '..');

/** A word that the vocabulary (docs/architecture.md) replaces. */
interface Replaced {
  /** One or more words, lower case. A plural counts as the word. */
  word: string;
  by: string;
  /** Names only: in prose it is an ordinary word of English. */
  namesOnly?: true;
  /** Paths where it had the old meaning; elsewhere it is the field's own term. Absent: everywhere. */
  within?: RegExp;
}

/** Where claims are declared, judged and reported. */
const judging = /^(suites|lib\/(judge|schedule|evidence|report|probe|harness|run|prove|driver-kit))/;

const replaced: Replaced[] = [
  { word: 'says', by: 'title', namesOnly: true, within: /^(suites|lib)\// },
  { word: 'source', by: 'spec', namesOnly: true, within: /^(suites|lib\/(judge|schedule|evidence|report))/ },
  { word: 'needs', by: 'features', namesOnly: true, within: judging },
  { word: '--full', by: '--extended' },
  { word: '--plan', by: '--dry-run' },
  { word: '--outside', by: '--egress-target' },
  { word: 'outside', by: 'egress target, or unmeshed', namesOnly: true },
  { word: 'broken', by: 'inconclusive', namesOnly: true, within: judging },
  { word: 'twin', by: 'unmeshed control' },
  { word: 'bracket', by: 'positive control', namesOnly: true, within: judging },
  { word: 'disturbance', by: 'environment fault' },
  { word: 'trouble', by: 'environment fault', namesOnly: true, within: judging },
  { word: 'hold', by: 'sample', namesOnly: true, within: judging },
  { word: 'at length', by: 'soak' },
  { word: 'vigil', by: 'stability check' },
  { word: 'stay', by: 'stability check', namesOnly: true },
  { word: 'wrong mesh', by: 'faulty mesh' },
  { word: 'wrong on purpose', by: 'faulty' },
  { word: 'right mesh', by: 'conforming variant' },
  { word: 'driver try', by: 'driver test' },
  { word: 'conductor', by: 'runner' },
  { word: 'stand', by: 'provided cluster', namesOnly: true },
  {
    word: 'stage',
    by: 'test environment',
    namesOnly: true,
    within: /^(suites|lib\/(judge|run|driver-kit|probe|schedule))/,
  },
  { word: 'furnish', by: 'test environment' },
  { word: 'ledger', by: 'run registry' },
  { word: 'page', by: 'entry of the run registry', namesOnly: true, within: /^lib\/run\// },
  { word: 'bury', by: 'clean up crashed runs' },
  { word: 'sweep', by: 'clean up crashed runs' },
  { word: 'world', by: 'cluster observer' },
  {
    word: 'watch',
    by: 'poller',
    namesOnly: true,
    within: /^(suites|lib\/(judge|probe|schedule|driver-kit|prove|report))/,
  },
  { word: 'follower', by: 'poller', namesOnly: true, within: judging },
  { word: 'monitor', by: 'poller' },
  { word: 'loop', by: 'poller', namesOnly: true, within: judging },
  { word: 'round', by: 'batch', namesOnly: true, within: judging },
  { word: 'wish', by: 'change request' },
  { word: 'deed', by: 'change request' },
  { word: 'lane', by: 'client set' },
  { word: 'course', by: 'claim execution', namesOnly: true },
  { word: 'entrant', by: 'claim execution' },
  { word: 'member', by: 'claim execution', namesOnly: true, within: judging },
  { word: 'tries', by: 'attempts', namesOnly: true, within: judging },
  { word: 'pace', by: 'rate limit', namesOnly: true },
  { word: 'haste', by: 'fast polling' },
  { word: 'setting guard', by: 'drift detector' },
  { word: 'parts', by: 'dependencies', namesOnly: true, within: judging },
  { word: 'footprint', by: 'resource use' },
  { word: 'admission', by: 'allow rule', within: /^(suites|lib\/(judge|schedule|mesh|driver-kit|run))/ },
  { word: 'outsider', by: 'unmeshed client' },
  { word: 'visitor', by: 'other client' },
  { word: 'namesake', by: 'client of the same name' },
  { word: 'lot', by: 'shuffle' },
  { word: 'cast', by: 'required clients', namesOnly: true },
  { word: 'rehearse', by: 'simulate' },
  { word: 'exempt', by: 'skip', within: judging },
  { word: 'pulse', by: 'health check' },
  { word: 'picture', by: 'object cache', namesOnly: true },
  { word: 'kinds', by: 'discovery', namesOnly: true, within: /^lib\/kube\/client\// },
  { word: 'following', by: 'log follower', namesOnly: true },
  { word: 'persist', by: 'poll until', namesOnly: true },
  { word: 'unit', by: 'container runtime', namesOnly: true, within: /^lib\/sandbox\/node\// },
  { word: 'looks', by: 'variants', namesOnly: true, within: /^lib\/(sandbox|prove)\// },
  { word: 'gathered', by: 'buffered writer', namesOnly: true },
  { word: 'nearest', by: 'suggestion', namesOnly: true, within: /^lib\/words\// },
  { word: 'workshop', by: 'trial' },
  { word: 'bench', by: 'benchmark, or test environment', namesOnly: true },
  { word: 'in vain', by: 'timed out' },
  { word: 'laid to', by: 'blamed on' },
  { word: 'put to the test', by: 'tested' },
  { word: 'cannot be told', by: 'inconclusive' },
];

/** Where such a word may stand all the same, and why. */
const allowed: { file: RegExp; word: string; why: string }[] = [
  { file: /^lib\/vocabulary\.test\.ts$/, word: '*', why: 'this table' },
  { file: /^docs\/architecture\.md$/, word: '*', why: 'its table of words says what each replaces' },
  { file: /^lib\/run\/registry\/clean-up\.ts$/, word: 'monitor', why: "podman's own word for a process of its" },
  { file: /^lib\/judge\/cluster-observer\.ts$/, word: 'broken', why: 'so says the client of a broken watch' },
  { file: /^lib\/run\/claims-process\.ts$/, word: 'haste', why: "jest's own option" },
  { file: /^lib\/judge\/testing\/fake-cluster\.ts$/, word: 'watch', why: 'it plays Kubernetes watches' },
  { file: /^lib\/judge\/testing\/fake-cluster\.ts$/, word: 'broken', why: 'so says the client of a broken watch' },
  {
    file: /^lib\/judge\/(cluster-observer|modes)(\.test)?\.ts$/,
    word: 'watch',
    why: 'it opens Kubernetes watches',
  },
  { file: /^lib\/probe\/server-log(\.test)?\.ts$/, word: 'broken', why: 'so says the client of a broken log' },
  { file: /^lib\/judge\/testing\/fake-mesh\.ts$/, word: 'source', why: 'a field of the SMI TrafficTarget' },
];

/** `settingGuards` and `SETTING_GUARDS` as words: `setting guards`. */
function wordsOf(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replaceAll(/[_$#]/g, ' ')
    .toLowerCase();
}

interface Text {
  names: string[];
  prose: string[];
}

/** The names, and the comments and literals, of a TypeScript file; of any other file, all its lines as prose. */
function textOf(file: string, content: string): Text {
  if (!/\.(ts|js)$/.test(file)) return { names: [], prose: content.split('\n') };
  const text: Text = { names: [], prose: content.match(/\/\*[\s\S]*?\*\/|(?<![:'"`\w])\/\/.*/g) ?? [] };
  const visit = (node: ts.Node): void => {
    const isOther =
      ts.isPropertyAccessExpression(node.parent ?? node) && /^(Math|process)\./.test(node.parent.getText());
    if ((ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) && !isOther) text.names.push(wordsOf(node.text));
    if (ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)) text.prose.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS));
  return text;
}

const patterns = new Map(
  replaced.map(({ word }) => [word, new RegExp(`(?<![\\w-])${word}(s|es)?(?![\\w-])`, 'i')] as const),
);

/** The replaced words that stand in a file, once each. */
function foundIn(file: string, content: string): string[] {
  const { names, prose } = textOf(file, content);
  return replaced.flatMap(({ word, by, namesOnly, within }) => {
    if (within !== undefined && !within.test(file)) return [];
    if (allowed.some((each) => each.file.test(file) && (each.word === '*' || each.word === word))) return [];
    const pattern = patterns.get(word) as RegExp;
    const where = [...names, ...(namesOnly === undefined ? prose : [])].filter((text) => pattern.test(text));
    return where.length === 0 ? [] : [`${file}: "${word}" (write "${by}"), ${where.length} times: ${where[0]?.trim()}`];
  });
}

function filesUnder(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => filesUnder(join(path, entry.name)));
}

test('code and documents use the words of the vocabulary', () => {
  const roots = ['lib', 'suites', 'bin', 'trials', 'benchmarks', 'docs', 'fixtures', 'meshes'];
  const files = [
    ...roots.flatMap((root) => filesUnder(join(project, root))),
    ...['README.md', 'CONTRIBUTING.md'].map((name) => join(project, name)),
  ]
    .map((path) => relative(project, path))
    .filter((file) => /\.(ts|js|md|yaml)$/.test(file));
  expect(files.length).toBeGreaterThan(300);
  expect(files.flatMap((file) => foundIn(file, readFileSync(join(project, file), 'utf8')))).toEqual([]);
});

test('a replaced word is found in names, comments, texts and documents, and an allowed one is not', () => {
  expect(foundIn('lib/judge/x.ts', "const openVigils = 1; // the twin\nexport const a = 'a ledger';")).toEqual([
    expect.stringContaining('"twin"'),
    expect.stringContaining('"vigil"'),
    expect.stringContaining('"ledger"'),
  ]);
  expect(foundIn('lib/kube/x.ts', 'watch(pods); // stays here, a broken connection')).toEqual([]);
  expect(foundIn('docs/x.md', 'Start with --plan.')).toEqual([expect.stringContaining('--dry-run')]);
});
