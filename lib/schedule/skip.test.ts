import { describe, expect, test } from '@jest/globals';
import type { DeclaredClaim } from '../judge/declare.ts';
import { exemptionOf } from './skip.ts';

const claim = (...features: string[]): DeclaredClaim => ({
  id: 'a/b',
  suite: 'a',
  title: '',
  spec: '',
  level: 'core',
  features,
});
const everything = (): true => true;

describe('a claim', () => {
  test('is unsupported with the reason of the first feature that is lacking', () => {
    const supports = (feature: string) => (feature === 'egress' ? { reason: 'no gateway' } : true);
    expect(exemptionOf(claim('permissive', 'egress'), supports, 'kind', ['service'])).toEqual({
      verdict: 'unsupported',
      reason: 'no gateway',
    });
    expect(exemptionOf(claim('permissive'), supports, 'kind', ['service'])).toBeUndefined();
  });

  test('that installs the mesh anew is not run where others work', () => {
    expect(exemptionOf(claim('install-modes'), everything, 'existing', ['service'])?.verdict).toBe('not-run');
    expect(exemptionOf(claim('install-modes'), everything, 'sandbox', ['service'])).toBeUndefined();
  });

  test('about what is outside is not run where only an address beside the cluster would do, and there is none', () => {
    expect(exemptionOf(claim('egress'), everything, 'sandbox', ['address'])?.verdict).toBe('not-run');
    expect(exemptionOf(claim('egress'), everything, 'kind', ['address'])).toBeUndefined();
    expect(exemptionOf(claim('egress'), everything, 'sandbox', ['service', 'address'])).toBeUndefined();
    expect(exemptionOf(claim('permissive'), everything, 'sandbox', ['address'])).toBeUndefined();
  });
});
