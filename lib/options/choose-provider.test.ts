import { describe, expect, it } from '@jest/globals';
import { loadDriver } from '../mesh/index.ts';
import { EnvironmentError } from '../words/index.ts';
import { chooseProvider, type Fact, type MachineFacts } from './choose-provider.ts';
import type { RunOptions } from './options.ts';
import { resolveOptions } from './resolve.ts';

const has = (what: string): Fact => ({ what, found: 'v1', remedy: `install ${what}` });
const lacks = (what: string): Fact => ({ what, remedy: `install ${what}` });

function machine(missing: string[]): MachineFacts {
  const fact = (what: string) => (missing.includes(what) ? lacks(what) : has(what));
  return {
    base: [fact('Node')],
    kind: [fact('Docker'), fact('kind')],
    sandbox: [fact('ip'), fact('user namespaces')],
    tools: { osm: fact('osm') },
    optional: [],
  };
}

function options(commandLine: Record<string, string>, environment: Record<string, string> = {}): RunOptions {
  const values = new Map(Object.entries(commandLine));
  return resolveOptions({ commandLine: { source: 'command line', values }, environment, folder: '/does/not/exist' });
}

const driver = await loadDriver('osm');

function choose(said: RunOptions, missing: string[]) {
  return chooseProvider(said, machine(missing), driver);
}

describe('auto', () => {
  it('takes kind where all that it needs is there', () => {
    expect(choose(options({}), ['ip'])).toMatchObject({
      provider: 'kind',
      reason: expect.stringContaining('Docker v1'),
    });
  });

  it.each(['Docker', 'kind', 'osm'])('falls back to the sandbox without %s, and says why', (missing) => {
    expect(choose(options({}), [missing])).toEqual({ provider: 'sandbox', reason: `auto: ${missing} is missing` });
  });

  it.each([
    [options({ mesh: 'osm' }), 'command line'],
    [options({}, { MESHPROOF_MESH: 'osm' }), 'environment'],
    [options({ 'node-image': 'x' }), 'command line'],
  ])('does not fall back where a real cluster is asked for', (said, source) => {
    expect(() => choose(said, ['Docker'])).toThrow(EnvironmentError);
    expect(() => choose(said, ['Docker'])).toThrow(new RegExp(`the ${source} names .*Docker is missing`));
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ mesh: 'osm' }, /^or name a cluster that has osm: --provider existing \(the sandbox cannot install it\)$/m],
    [{ 'node-image': 'x' }, /^or leave out node-image, which is only for kind: then the sandbox is used$/m],
  ])('offers %j nothing that cannot work', (said, remedy) => {
    const error = { name: 'EnvironmentError', remedy: expect.stringMatching(remedy) };
    expect(() => choose(options(said), ['Docker'])).toThrow(expect.objectContaining(error));
  });

  it('offers the sandbox for a mesh that fits it', async () => {
    const none = await loadDriver('none');
    expect(() => chooseProvider(options({ mesh: 'none' }), machine(['Docker']), none)).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('or name --provider sandbox') }),
    );
  });

  it('says what both miss', () => {
    expect(() => choose(options({}), ['Docker', 'ip'])).toThrow(/Docker is missing; ip is missing/);
  });
});

describe('a named provider', () => {
  it('is used, with the source that named it', () => {
    expect(choose(options({ provider: 'sandbox' }), [])).toEqual({
      provider: 'sandbox',
      reason: 'named by the command line',
    });
  });

  it('is never replaced by another', () => {
    expect(() => choose(options({ provider: 'kind' }), ['kind', 'Docker'])).toThrow(
      expect.objectContaining({ name: 'EnvironmentError', remedy: 'install Docker\ninstall kind' }),
    );
    expect(() => choose(options({ provider: 'sandbox' }), ['user namespaces'])).toThrow(/user namespaces is missing/);
  });
});
