import { describe, expect, it } from '@jest/globals';
import type { Claim } from '../judge/claim.ts';
import { UsageError } from '../words/index.ts';
import { selectClaims, skipOf } from './select.ts';

function claim(id: string, level: 'core' | 'extended' = 'core'): Claim {
  return {
    id,
    suite: id.split('/')[0] ?? id,
    title: id,
    spec: 'guide',
    level,
    features: [],
    body: async () => undefined,
  };
}

const catalogue = [
  claim('permissive/on-allows'),
  claim('permissive/off-denies'),
  claim('tcp-routing/allowed-port'),
  claim('tcp-routing/other-port'),
  claim('tcp-routing/half-close', 'extended'),
  claim('reliability/rare-losses', 'extended'),
];
const all = { suites: [], claims: [], extended: false };

function ids(selection: Partial<Parameters<typeof selectClaims>[1]>): string[] {
  return selectClaims(catalogue, { ...all, ...selection }).map(({ id }) => id);
}

describe('selectClaims', () => {
  it('takes the core claims unless told, all with --extended', () => {
    expect(ids({})).toEqual(catalogue.slice(0, 4).map(({ id }) => id));
    expect(ids({ extended: true })).toHaveLength(6);
  });

  it('takes suites, globs, both', () => {
    expect(ids({ suites: ['permissive'] })).toEqual(['permissive/on-allows', 'permissive/off-denies']);
    expect(ids({ claims: ['*port', 'permissive/o?-allows'] })).toEqual([
      'permissive/on-allows',
      'tcp-routing/allowed-port',
      'tcp-routing/other-port',
    ]);
    expect(ids({ suites: ['tcp-routing'], claims: ['*-port'] })).toHaveLength(2);
  });

  it('takes an extended claim whose exact id is named, and one that failed before', () => {
    expect(ids({ claims: ['tcp-routing/half-close'] })).toEqual(['tcp-routing/half-close']);
    expect(ids({ onlyIds: ['tcp-routing/half-close'] })).toEqual(['tcp-routing/half-close']);
  });

  it.each<[Partial<Parameters<typeof selectClaims>[1]>, RegExp]>([
    [{ suites: ['tcp-ruoting'] }, /unknown suite "tcp-ruoting"; did you mean "tcp-routing"\?/],
    [{ claims: ['tcp-routing/allowed-prot'] }, /unknown claim .*; did you mean "tcp-routing\/allowed-port"\?/],
    [{ claims: ['tcp-ruoting/*'] }, /no claim matches "tcp-ruoting\/\*"; did you mean "tcp-routing\/\*"\?/],
    [{ claims: ['*half*'] }, /extended claims only; add --extended/],
    [{ suites: ['permissive'], claims: ['tcp-routing/*'] }, /is not in --suite permissive/],
    [{ suites: ['reliability'] }, /add --extended/],
    [{ onlyIds: [] }, /every claim of the last run passed or is unsupported/],
    [{ onlyIds: ['gone/claim'] }, /none of gone\/claim is selected/],
  ])('refuses %j', (selection, message) => {
    expect(() => ids(selection)).toThrow(message);
    expect(() => ids(selection)).toThrow(UsageError);
  });

  it('takes dots and brackets of a glob as they stand', () => {
    expect(() => ids({ claims: ['permissive.on-allows'] })).toThrow(UsageError);
    expect(() => ids({ claims: ['(permissive*'] })).toThrow(UsageError);
  });
});

const needing = (...features: string[]) => ({ features });
const everything = (): true => true;

describe('skipOf', () => {
  it('calls a claim unsupported, with the reason of the first feature that is lacking', () => {
    const supports = (feature: string) => (feature === 'egress' ? { reason: 'no gateway' } : true);
    expect(skipOf(needing('permissive', 'egress'), supports, 'kind', ['service'])).toEqual({
      verdict: 'unsupported',
      reason: 'no gateway',
    });
    expect(skipOf(needing('permissive'), supports, 'kind', ['service'])).toBeUndefined();
  });

  it('keeps a claim that installs the mesh anew from an existing cluster', () => {
    expect(skipOf(needing('install-modes'), everything, 'existing', ['service'])?.verdict).toBe('not-run');
    expect(skipOf(needing('install-modes'), everything, 'sandbox', ['service'])).toBeUndefined();
  });

  it('does not run claims about egress where only addresses beside the cluster are external, and no server is there', () => {
    expect(skipOf(needing('egress'), everything, 'sandbox', ['address'])?.verdict).toBe('not-run');
    expect(skipOf(needing('egress'), everything, 'kind', ['address'])).toBeUndefined();
    expect(skipOf(needing('egress'), everything, 'sandbox', ['service', 'address'])).toBeUndefined();
    expect(skipOf(needing('permissive'), everything, 'sandbox', ['address'])).toBeUndefined();
  });
});
