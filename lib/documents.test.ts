import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { optionRows } from './options/index.ts';

const project = join(import.meta.dirname, '..');
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'trials/README.md',
  ...readdirSync(join(project, 'docs')).map((name) => `docs/${name}`),
];

const read = (file: string) => readFileSync(join(project, file), 'utf8');
const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, own = '']) => own);

describe.each(documents)('%s', (file) => {
  const text = read(file);

  test('links to files and headings that exist', () => {
    const links = found(text, /\]\(([^)\s]+)\)/g).filter((link) => !/^https?:/.test(link));
    expect(links.filter((link) => !isThere(file, link))).toEqual([]);
  });

  test('names paths of this project that exist', () => {
    const paths = found(
      text,
      /(?<![\w./~-])((?:lib|suites|fixtures|meshes|trials|benchmarks|bin)\/[\w./-]*[\w/])(?![*…])/g,
    );
    expect([...new Set(paths)].filter((path) => !existsSync(join(project, path)))).toEqual([]);
  });

  test('names scripts of package.json and options of a run that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(found(text, /npm run (?:--silent )?([\w-]+)/g).filter((name) => scripts[name] === undefined)).toEqual([]);
    const known = ['help', ...optionRows.flatMap(({ name }) => [name, `no-${name}`])];
    const lines = found(text, /(?:npm test --|meshproof run) ([^`#\n]*)/g);
    const options = lines.flatMap((line) => found(line, /--([a-z][\w-]*)/g));
    expect(options.filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('README.md', () => {
  const lines = read('README.md').split('\n');

  test('has at most 150 lines', () => {
    expect(lines.length - 1).toBeLessThanOrEqual(150);
  });

  test('shows claims of its transcript with their titles', () => {
    const rows = lines.flatMap((line) => {
      const [, id = '', title = ''] = /^ {2}[✓✗] (\S+)(?: +[\d.]+ s)+ +([^…]+)/.exec(line) ?? [];
      return id === '' ? [] : [{ id, title: title.trim() }];
    });
    expect(rows.length).toBeGreaterThan(3);
    const wrong = rows.filter(({ id, title }) => {
      const declared =
        read(`suites/${id.split('/')[0]}.ts`)
          .split(`id: '${id}'`)[1]
          ?.split('spec:')[0] ?? '';
      return !declared.includes(title);
    });
    expect(wrong).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  const text = read('docs/architecture.md');

  test('follows one claim through at most twenty files, one sentence each', () => {
    const walk = text.split('\n## ').find((section) => section.startsWith('One claim')) ?? '';
    const files = found(walk, /`((?:bin|suites|lib)\/[\w./-]+\.[jt]s)`/g);
    expect(new Set(files).size).toBe(files.length);
    expect(found(walk, /^\d+\. `([^`]+)`/gm)).toEqual(files);
    expect(files.length).toBeLessThanOrEqual(20);
  });

  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const told = rows.flatMap((row) => found(row.split(' | ')[0] ?? '', /`lib\/([\w-]+)`/g));

  test('says what each folder of lib does', () => {
    const folders = readdirSync(join(project, 'lib'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect([...told].sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  test('lists the folders so that imports go from the top to the bottom', () => {
    const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
      forbidden: { name: string; to: { pathNot?: string | string[] } }[];
    };
    const layers = forbidden.filter(({ name }) => told.includes(name.replace(/-imports$/, '')));
    expect(layers.length).toBe(told.length - 1);
    for (const { name, to } of layers) {
      const folder = name.replace(/-imports$/, '');
      const allowed = /\((.*)\)/.exec([to.pathNot].flat()[0] ?? '')?.[1]?.split('|') ?? [];
      expect(allowed).toContain(folder);
      expect([folder, allowed.filter((other) => told.indexOf(other) < told.indexOf(folder))]).toEqual([folder, []]);
    }
  });
});

test('docs/troubleshooting.md quotes messages that the program prints', () => {
  const sources = readdirSync(join(project, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(test|contract)\.ts$|testing\//.test(name))
    .map((name) => read(join('lib', name)))
    .join('\n');
  // Placeholders of a message, and line breaks in its source.
  const printed = sources.replaceAll(/\$\{[^}]*\}/g, '…').replaceAll(/['"`] \+\s+['"`]/g, '');
  const firstCells = read('docs/troubleshooting.md')
    .split('\n')
    .map((line) => line.split(' | ')[0] ?? '');
  const quoted = firstCells.filter((cell) => cell.startsWith('|')).flatMap((cell) => found(cell, /`([^`]+)`/g));
  const pieces = quoted.flatMap((message) => message.split('…')).filter((piece) => piece.trim().includes(' '));
  expect(pieces.length).toBeGreaterThan(10);
  expect(pieces.filter((piece) => !printed.includes(piece.trim()))).toEqual([]);
});

/** @param link as it stands in the document `file`: a relative path, a heading, or both */
function isThere(file: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const target = path === '' ? file : join(dirname(file), path);
  if (!existsSync(join(project, target))) return false;
  return (
    heading === undefined ||
    found(read(target), /^#+ (.*)$/gm)
      .map(anchor)
      .includes(heading)
  );
}

/** How GitHub names a heading in a link. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(/\s/g, '-');
}
