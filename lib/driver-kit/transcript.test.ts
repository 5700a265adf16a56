import { expect, test } from '@jest/globals';
import { coloursFor } from '../console/colours.ts';
import { ClusterError } from '../kube/cluster.ts';
import { MeshError } from '../mesh/index.ts';
import { PartFailure, Transcript } from './transcript.ts';

function transcript() {
  const lines: string[] = [];
  const logged: string[] = [];
  const colours = coloursFor({ isTTY: false });
  const write = (text: string | Uint8Array): boolean => {
    lines.push(String(text));
    return true;
  };
  const open = new Transcript({ write, isTTY: false }, colours, (line) => logged.push(line));
  return { open, lines, logged };
}

test('a part that passes says what it did', async () => {
  const { open, lines, logged } = transcript();
  expect(await open.part('install', async () => 'it is there')).toBe(true);
  open.conclude('meshproof run --mesh x.yaml', 'details: x');
  expect(lines[0]).toMatch(/^ {2}✓ install {12}it is there \(\d\.\d s\)\n$/);
  expect(lines.join('')).toContain('all parts passed; next: meshproof run --mesh x.yaml');
  expect(logged).toHaveLength(lines.length);
  expect(open.failures).toBe(0);
});

test('a part that fails says why and where to look, and the next one goes on', async () => {
  const { open, lines } = transcript();
  const fail = open.part('enrol', () => Promise.reject(new PartFailure('no proxy\nin curl-1', ['look at enrol'])));
  expect(await fail).toBe(false);
  open.skip('egress', 'not tested');
  open.conclude('x', 'details: x');
  const indent = ' '.repeat(24);
  expect(lines.slice(0, 2)).toEqual([
    `  ✗ enrol              no proxy\n${indent}in curl-1\n${indent}-> look at enrol\n`,
    '  - egress             not tested\n',
  ]);
  expect(lines.join('')).toContain('1 part failed');
  expect(open.failures).toBe(1);
});

test('an error of the mesh or the API about the driver fails the part; the end says which failure to fix first', async () => {
  const { open, lines } = transcript();
  const why = new MeshError('environment', 'install[1]: no such kind', 'correct the driver');
  expect(await open.part('install', () => Promise.reject(why))).toBe(false);
  expect(await open.part('allow tcp', () => Promise.reject(new ClusterError('invalid', 'it has no field')))).toBe(
    false,
  );
  open.conclude('x', 'details: x');
  const text = lines.join('');
  expect(text).toMatch(/✗ install +install\[1\]: no such kind\n +-> correct the driver\n/);
  expect(text).toMatch(/✗ allow tcp +it has no field\n +-> .*driver check --against/);
  expect(text).toContain('fix install first');
  expect(text).toContain('2 parts failed');
  const lost = new ClusterError('unreachable', 'connection refused');
  await expect(open.part('egress on', () => Promise.reject(lost))).rejects.toThrow('connection refused');
});

test('an error that is not about the driver ends the test', async () => {
  const { open } = transcript();
  await expect(open.part('install', () => Promise.reject(new Error('no Docker')))).rejects.toThrow('no Docker');
});
