import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { commandLine, findImage, knownImages, NODE_FLAGS } from './images.ts';

const images = knownImages();
const echo = findImage(images, 'istio/tcp-echo-server:1.3');

test.each([
  'curlimages/curl',
  'curlimages/curl:8.17.0',
  'docker.io/curlimages/curl@sha256:0123',
  'registry.example:5000/mirror/curlimages/curl:8',
])('%s is the curl image', (reference) => {
  expect(findImage(images, reference)?.entrypoint).toEqual(['curl']);
});

test.each(['curlimages/curly:1', 'curl', 'nobody/no-such-image:1'])('%s is not known', (reference) => {
  expect(findImage(images, reference)).toBeUndefined();
});

test('args replace the arguments of the image, and the manifest’s name finds its program', () => {
  if (echo === undefined) throw new Error('tcp-echo is not known');
  expect(commandLine(echo, undefined, ['9000', 'x']).argv.slice(-3)).toEqual([
    '/sandbox/programs/tcp-echo.js',
    '9000',
    'x',
  ]);
  expect(commandLine(echo, undefined, undefined).argv.slice(-2)).toEqual(['9000', 'hello']);
});

test('command replaces entrypoint and arguments', () => {
  if (echo === undefined) throw new Error('tcp-echo is not known');
  expect(commandLine(echo, ['sh', '-c', 'true'], undefined).argv).toEqual(['sh', '-c', 'true']);
});

test("Node's flags allow the cache of Node's own modules", () => {
  const tagWith = (flags: string[]) =>
    execFileSync(process.execPath, [...flags, '-p', 'v8.cachedDataVersionTag()']).toString();
  expect(tagWith(NODE_FLAGS)).toBe(tagWith([]));
});
