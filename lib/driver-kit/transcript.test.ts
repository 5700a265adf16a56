import { expect, test } from '@jest/globals';
import { coloursFor } from '../console/colours.ts';
import { ClusterError } from '../kube/cluster.ts';
import { MeshError } from '../mesh/index.ts';
import { StepFailure } from './finding.ts';
import { openTranscript } from './transcript.ts';

function transcript() {
  const lines: string[] = [];
  const logged: string[] = [];
  const colours = coloursFor({ isTTY: false });
  const write = (text: string | Uint8Array): boolean => {
    lines.push(String(text));
    return true;
  };
  const open = openTranscript({ write, isTTY: false }, colours, (line) => logged.push(line));
  return { open, lines, logged };
}

test('a step that did what it is for says what came of it', async () => {
  const { open, lines, logged } = transcript();
  expect(await open.step('install', async () => 'it is there')).toBe(true);
  open.conclude('meshproof run --mesh x.yaml', 'details: x');
  expect(lines[0]).toMatch(/^ {2}✓ install {12}it is there \(\d\.\d s\)\n$/);
  expect(lines.join('')).toContain('every part did what it is for; next: meshproof run --mesh x.yaml');
  expect(logged).toHaveLength(lines.length);
  expect(open.failures).toBe(0);
});

test('one that did not says why and where to look, and the next one goes on', async () => {
  const { open, lines } = transcript();
  const fail = open.step('enrol', () => Promise.reject(new StepFailure('no proxy\nin curl-1', ['look at enrol'])));
  expect(await fail).toBe(false);
  open.skip('egress', 'not tried');
  open.conclude('x', 'details: x');
  const indent = ' '.repeat(24);
  expect(lines.slice(0, 2)).toEqual([
    `  ✗ enrol              no proxy\n${indent}in curl-1\n${indent}-> look at enrol\n`,
    '  - egress             not tried\n',
  ]);
  expect(lines.join('')).toContain('1 part did not do what it is for');
  expect(open.failures).toBe(1);
});

test('so does what the mesh or the API said about the content of the driver, and the first is to be mended first', async () => {
  const { open, lines } = transcript();
  const why = new MeshError('environment', 'install[1]: no such kind', 'correct the driver');
  expect(await open.step('install', () => Promise.reject(why))).toBe(false);
  expect(await open.step('allow tcp', () => Promise.reject(new ClusterError('invalid', 'it has no field')))).toBe(
    false,
  );
  open.conclude('x', 'details: x');
  const text = lines.join('');
  expect(text).toMatch(/✗ install +install\[1\]: no such kind\n +-> correct the driver\n/);
  expect(text).toMatch(/✗ allow tcp +it has no field\n +-> .*driver check --against/);
  expect(text).toContain('mend install first');
  expect(text).toContain('2 parts did not do what they are for');
  const lost = new ClusterError('unreachable', 'connection refused');
  await expect(open.step('egress on', () => Promise.reject(lost))).rejects.toThrow('connection refused');
});

test('what is no finding about the driver ends the trial', async () => {
  const { open } = transcript();
  await expect(open.step('install', () => Promise.reject(new Error('no Docker')))).rejects.toThrow('no Docker');
});
