import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { keepSecret } from '../words/index.ts';
import { openEvidence, readEvidence } from './index.ts';
import type { EvidenceEntry, EvidenceRecord } from './records.ts';

const observation: EvidenceEntry = {
  kind: 'observation',
  role: 'subject',
  route: 'curl/curl -> tcp tcp-echo.tcp-demo:9000',
  pod: 'curl/curl-1',
  container: 'curl',
  command: 'nc',
  nonce: 'n1',
  start: 1,
  end: 2,
  exit: 0,
  stdout: 'echo response: n1\n',
  stderr: '',
  outcome: 'answered',
  signature: 'echo',
  logged: true,
  inLog: true,
};
const verdict: EvidenceEntry = { kind: 'verdict', claim: 'a/b', verdict: 'passed', attempt: 1, ms: 5 };
const note: EvidenceEntry = { kind: 'note', what: 'size', value: '1' };

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evidence-'));
  file = join(folder, 'evidence.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('append', () => {
  it('leaves out the secrets that the process was told, and nothing of the harness’s own words', () => {
    keepSecret('answered');
    keepSecret('o"pen/sesame');
    const evidence = openEvidence(file);
    const seen: EvidenceRecord[] = [];
    evidence.on((record) => seen.push(record));
    evidence.append({ ...observation, stdout: 'xo"pen/sesame, answered\n' } as EvidenceEntry);
    evidence.append({
      kind: 'change',
      id: 1,
      what: 'install',
      steps: [{ run: ['sh', '-c', 'a=o"pen/sesame'] }],
      start: 0,
      end: 1,
    });
    evidence.close();
    expect(readFileSync(file, 'utf8')).not.toMatch(/pen\/sesame/);
    expect(readEvidence(file)).toMatchObject([
      { kind: 'observation', outcome: 'answered', stdout: 'x[redacted], [redacted]\n' },
      { kind: 'change', steps: [{ run: ['sh', '-c', 'a=[redacted]'] }] },
    ]);
    expect(JSON.stringify(seen)).not.toContain('sesame');
  });

  it('numbers the records, gives them their times, and writes one line each', () => {
    const evidence = openEvidence(file);
    const before = evidence.clock();
    evidence.append(observation);
    evidence.append(verdict);
    evidence.close();

    const records = readEvidence(file);
    expect(records.map(({ seq, kind }) => [seq, kind])).toEqual([
      [1, 'observation'],
      [2, 'verdict'],
    ]);
    expect(records[0]?.at).toBeGreaterThanOrEqual(before);
    expect(evidence.damaged).toBeUndefined();
  });

  it('holds observations back, and brings everything to the disk with a verdict', () => {
    const evidence = openEvidence(file);
    evidence.append(observation);
    expect(readFileSync(file, 'utf8')).toBe('');

    evidence.append(verdict);
    expect(readEvidence(file)).toHaveLength(2);
    evidence.close();
  });

  it('writes a batch that has grown large without waiting', () => {
    const evidence = openEvidence(file);
    for (let i = 0; i < 400; i++) evidence.append(observation);
    expect(readEvidence(file).length).toBeGreaterThan(100);
    evidence.close();
  });

  it('writes what it holds when the process exits', () => {
    const program = `
      import { openEvidence } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
      openEvidence(${JSON.stringify(file)}).append(${JSON.stringify(observation)});
      process.exit(0);`;
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(readEvidence(file)).toHaveLength(1);
  });

  it('refuses a file that another run has written', () => {
    writeFileSync(file, '');
    expect(() => openEvidence(file)).toThrow('EEXIST');
  });
});

describe('a full disk', () => {
  it('never throws, is told as damage, leaves no half line, and shows as a missing number', () => {
    let isFull = false;
    const evidence = openEvidence(file, (descriptor, bytes) => {
      if (!isFull) return writeSync(descriptor, bytes);
      writeSync(descriptor, bytes.subarray(0, 10));
      throw new Error('ENOSPC: no space left on device');
    });
    evidence.append(note);
    isFull = true;
    evidence.append(note);
    expect(evidence.damaged).toBe('ENOSPC: no space left on device');

    isFull = false;
    evidence.append(verdict);
    evidence.close();

    const problems: string[] = [];
    expect(readEvidence(file, (problem) => problems.push(problem)).map(({ seq }) => seq)).toEqual([1, 3]);
    expect(problems).toEqual([]);
  });

  it('goes on after a short write', () => {
    const evidence = openEvidence(file, (descriptor, bytes) => writeSync(descriptor, bytes.subarray(0, 7)));
    evidence.append(verdict);
    evidence.close();
    expect(readEvidence(file)).toHaveLength(1);
    expect(evidence.damaged).toBeUndefined();
  });
});

it('marks the evidence as damaged by a record that comes too late, or that is no JSON', () => {
  const late = openEvidence(file);
  late.close();
  late.append(note);
  expect(late.damaged).toContain('after the evidence was closed');

  const circular: unknown[] = [];
  circular.push(circular);
  const other = openEvidence(join(folder, 'other.jsonl'));
  other.append({ kind: 'change', id: 1, what: 'w', steps: circular, start: 0, end: 0 });
  other.close();
  expect(other.damaged).toContain('circular');
});

describe('on', () => {
  it('tells each record until it is stopped', () => {
    const evidence = openEvidence(file);
    const heard: EvidenceRecord[] = [];
    const stop = evidence.on((record) => heard.push(record));
    evidence.append(note);
    stop();
    evidence.append(note);
    evidence.close();
    expect(heard.map(({ seq }) => seq)).toEqual([1]);
  });

  it('drops a listener that throws, and goes on', () => {
    const evidence = openEvidence(file);
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    evidence.on(() => {
      throw new Error('no terminal');
    });
    evidence.append(note);
    evidence.append(note);
    evidence.close();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('no terminal'));
    warn.mockRestore();
    expect(readEvidence(file)).toHaveLength(2);
  });
});

describe('an evidence file', () => {
  it('that was deleted or replaced meanwhile counts as damaged, and can be read all the same', () => {
    for (const replace of [() => undefined, () => writeFileSync(file, 'another')]) {
      const evidence = openEvidence(file);
      evidence.append(verdict);
      rmSync(file);
      replace();
      expect(evidence.read()).toHaveLength(1);
      evidence.close();
      expect(evidence.damaged).toMatch(/deleted or replaced/);
      rmSync(file, { force: true });
    }
  });

  it('is read however large it is, and whatever stands in one of its lines', () => {
    const evidence = openEvidence(file);
    evidence.append(verdict);
    evidence.close();
    // A hole is one line of NUL, of more characters than a string can have; it takes no room on the disk.
    truncateSync(file, 600 * 1024 * 1024);
    appendFileSync(file, `\n${JSON.stringify({ seq: 2, at: 1, ...verdict, claim: 'a/ü' })}\n`);

    const problems: string[] = [];
    const records = readEvidence(file, (problem) => problems.push(problem));
    expect(records.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(records[1]).toMatchObject({ claim: 'a/ü' });
    expect(problems).toEqual(['line 2 is not a record']);
  });

  it('is read whole where its pieces end within a line and within a character', () => {
    const value = 'ü'.repeat(700_001);
    const lines = [1, 2, 3].map((seq) => JSON.stringify({ seq, at: 0, kind: 'note', what: 'w', value }));
    writeFileSync(file, `${lines.join('\n')}\n`);
    expect(readEvidence(file).map((record) => record.kind === 'note' && record.value === value)).toEqual([
      true,
      true,
      true,
    ]);
  });
});

describe('readForReports', () => {
  it('keeps the observations of claims that need an explanation, and counts the others', () => {
    const evidence = openEvidence(file);
    const of = (claim: string, nonce: string, more = {}) =>
      evidence.append({ ...observation, claim, nonce, ...more } as EvidenceEntry);
    for (const n of ['mpabcdefx1', 'mpabcdefx2', 'mpabcdefxzz-7', 'mpabcdefxzz-70']) of('a/fine', n);
    of('a/bad', 'mpabcdefx1', { shared: true });
    of('a/bad', 'mpabcdefx3', { logged: false });
    of('a/blind', 'mpabcdefx3', { logged: false, shared: true });
    for (const [claim, result] of [
      ['a/fine', 'passed'],
      ['a/bad', 'failed'],
      ['a/blind', 'passed'],
    ] as const) {
      evidence.append({ ...verdict, claim, verdict: result } as EvidenceEntry);
    }
    const records = evidence.read();
    evidence.close();
    expect(records[0]).toEqual({
      seq: 0,
      at: 0,
      kind: 'left-out',
      observations: 5,
      probes: 4,
      claims: { 'a/fine': { observations: 4, unlogged: false }, 'a/blind': { observations: 1, unlogged: true } },
    });
    expect(records.slice(1).map(({ kind }) => kind)).toEqual([
      'observation',
      'observation',
      'verdict',
      'verdict',
      'verdict',
    ]);
  });
});

describe('readEvidence', () => {
  it('leaves out a torn last line and says so', () => {
    const evidence = openEvidence(file);
    evidence.append(verdict);
    evidence.close();
    appendFileSync(file, '{"seq":2,"at":17,"kind":"verd');

    const problems: string[] = [];
    expect(readEvidence(file, (problem) => problems.push(problem))).toHaveLength(1);
    expect(problems).toEqual(['line 2 is torn: the run ended while writing it']);
  });

  it('leaves out a line in the middle that is no record', () => {
    writeFileSync(file, `{"seq":1,"at":0,"kind":"note","what":"w","value":"v"}\n[]\n\n`);
    const problems: string[] = [];
    expect(readEvidence(file, (problem) => problems.push(problem))).toHaveLength(1);
    expect(problems).toEqual(['line 2 is not a record', 'line 3 is not a record']);
  });
});
