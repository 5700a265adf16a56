import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Chosen } from '../run/machine/choose.ts';
import { driverDigest, formerRun, lastRun, rerunOf, runNamed } from './last-run.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'meshproof-last-'));
});
afterEach(() => {
  rmSync(out, { recursive: true });
});

function run(name: string, writtenAt: number, verdicts: [claim: string, verdict: string][]): void {
  mkdirSync(join(out, name));
  const lines = verdicts.map(([claim, verdict], seq) =>
    JSON.stringify({ seq, at: 0, kind: 'verdict', claim, verdict }),
  );
  writeFileSync(join(out, name, 'evidence.jsonl'), `${lines.join('\n')}\n{"seq": 9, "ki`);
  utimesSync(join(out, name, 'evidence.jsonl'), writtenAt, writtenAt);
}

it('is the one whose evidence was written last, whatever its name', () => {
  run('b', 1000, []);
  run('a', 2000, []);
  mkdirSync(join(out, 'c'));
  expect(lastRun(out)).toBe(join(out, 'a'));
});

/** Writes what a run with these claims leaves. */
function leave(name: string, selected: string[], verdicts: [string, string][], more: object = {}): void {
  run(name, 1000 + runs++, verdicts);
  const file = join(out, name, 'evidence.jsonl');
  const record = { seq: 0, at: 0, kind: 'run', runId: name, choice: choiceOf('osm', 'kind'), selected, ...more };
  const text = `${JSON.stringify(record)}\n${readFileSync(file, 'utf8')}`;
  writeFileSync(file, text);
  utimesSync(file, 1000 + runs, 1000 + runs);
}
let runs = 0;

const choiceOf = (mesh: string, provider: string, more: object = {}) => ({
  mesh,
  provider,
  sandbox: provider === 'sandbox',
  why: '',
  ...more,
});

describe('a rerun', () => {
  it('judges what did not pass, what was not decided, and what never ran', () => {
    leave('old', ['s/old'], [['s/old', 'failed']]);
    const verdicts: [string, string][] = [
      ['s/passed', 'passed'],
      ['s/unsupported', 'unsupported'],
      ['s/failed', 'failed'],
      ['s/broken', 'inconclusive'],
      ['s/flaky', 'failed'],
      ['s/flaky', 'flaky'],
      ['s/cleared', 'failed'],
      ['s/cleared', 'passed'],
      ['s/skipped', 'not-run'],
    ];
    leave('new', [...new Set(verdicts.map(([claim]) => claim)), 's/never'], verdicts);
    expect(formerRun(out)).toMatchObject({
      runId: 'new',
      open: ['s/failed', 's/broken', 's/flaky', 's/skipped', 's/never'],
    });
  });

  it('judges all claims of a run that ended before its first', () => {
    leave('new', ['s/a', 's/b'], []);
    expect(formerRun(out).open).toEqual(['s/a', 's/b']);
  });

  it('leaves out claims that could not run there and would not run now', () => {
    leave(
      'new',
      ['s/a', 's/b'],
      [
        ['s/a', 'failed'],
        ['s/b', 'not-run'],
      ],
    );
    const file = join(out, 'new', 'evidence.jsonl');
    const plan = { seq: 9, at: 0, kind: 'plan', claims: [{ id: 's/b', skip: { verdict: 'not-run', reason: '' } }] };
    writeFileSync(file, `${JSON.stringify(plan)}\n${readFileSync(file, 'utf8')}`);
    expect(formerRun(out).open).toEqual(['s/a']);
  });

  it('keeps the undecided claims that the previous rerun did not select', () => {
    leave('new', ['s/a'], [['s/a', 'passed']], { rerun: { of: 'old', left: ['t/b'], driverDiffers: false } });
    const former = formerRun(out);
    expect(former.open).toEqual(['t/b']);
    expect(rerunOf(former, chosen('osm', 'kind'), { out }, [])).toMatchObject({ of: 'new', left: ['t/b'] });
    expect(rerunOf(former, chosen('osm', 'kind'), { out }, ['t/b'])).toMatchObject({ left: [] });
  });

  it.each([
    ['another mesh', 'none', 'kind', 'osm on kind, and this one is of none on kind'],
    ['another provider', 'osm', 'sandbox', 'osm on kind, and this one is of osm on sandbox'],
    ['another cluster', 'osm', 'existing', 'osm on kind, and this one is of osm on existing (context prod)'],
  ])('of %s is refused', (_, mesh, provider, message) => {
    leave('new', ['s/a'], []);
    const again = () => rerunOf(formerRun(out), chosen(mesh, provider), { out, context: 'prod' }, ['s/a']);
    expect(again).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringContaining(message) }));
  });

  it('says when the driver has changed since', () => {
    const { driver } = chosen('osm', 'kind');
    leave('new', ['s/a'], [], { choice: choiceOf('osm', 'kind', { driver: driverDigest(driver) }) });
    expect(rerunOf(formerRun(out), chosen('osm', 'kind'), { out }, ['s/a']).driverDiffers).toBe(false);
    const changed = chosen('osm', 'kind', { external: ['service'] });
    expect(rerunOf(formerRun(out), changed, { out }, ['s/a']).driverDiffers).toBe(true);
  });

  it('is refused if the last run does not say which claims it selected', () => {
    run('new', 2000, [['s/a', 'failed']]);
    expect(() => formerRun(out)).toThrow(/new does not say which claims it selected/);
  });
});

function chosen(mesh: string, provider: string, more: object = {}): Chosen {
  return {
    choice: { provider: provider as Chosen['choice']['provider'], reason: '' },
    driver: { file: '', spec: { name: mesh, ...more } as Chosen['driver']['spec'] },
  };
}

describe('a run that is named', () => {
  it('is a folder, an id, or the beginning of one', () => {
    for (const name of ['abc123', 'abd456', 'abd']) run(name, 1000, []);
    expect(runNamed(out, join(out, 'abc123'))).toBe(join(out, 'abc123'));
    expect(runNamed(out, 'abd456')).toBe(join(out, 'abd456'));
    expect(runNamed(out, 'abd')).toBe(join(out, 'abd'));
    expect(runNamed(out, 'abc')).toBe(join(out, 'abc123'));
    expect(() => runNamed(out, 'ab')).toThrow(/several runs in .* begin with "ab": /);
    expect(() => runNamed(out, 'x')).toThrow(/no run "x", neither a folder nor an id; the latest runs in .* are a/);
    expect(() => runNamed(join(out, 'none'), 'x')).toThrow(/there is no run in .*none/);
  });
});

it('an unknown run is named', () => {
  expect(lastRun(join(out, 'none'))).toBeUndefined();
  expect(() => formerRun(out)).toThrow(/no earlier run/);
});
