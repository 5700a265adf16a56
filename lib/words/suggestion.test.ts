import { describe, expect, it } from '@jest/globals';
import { didYouMean, suggestedSlip, suggestion } from './suggestion.ts';

const suites = ['permissive', 'tcp-routing', 'egress'];

describe('nearest', () => {
  it.each([
    ['permisive', 'permissive'],
    ['tcp-ruoting', 'tcp-routing'],
    ['Egress', 'egress'],
    ['routing', 'tcp-routing'],
    ['tpc-rooting', 'tcp-routing'],
  ])('takes %s for %s', (word, meant) => {
    expect(suggestion(word, suites)).toBe(meant);
  });

  it('forgives two slips in a short word, and no more', () => {
    expect(suggestion('omz', ['none', 'osm'])).toBe('osm');
    expect(suggestion('omz', ['kuma'])).toBeUndefined();
  });

  it('suggests nothing if no word is near', () => {
    expect(suggestion('latency', suites)).toBeUndefined();
    expect(didYouMean('latency', suites)).toBe('');
  });

  it('can be limited to typing errors', () => {
    expect(suggestedSlip('acces.smi-spec.io', ['access.smi-spec.io', 'specs.smi-spec.io'])).toBe('access.smi-spec.io');
    expect(suggestedSlip('specs.smi-spec.io', ['access.smi-spec.io', 'specs.smi-spec.io'])).toBeUndefined();
  });

  it('counts a swap of neighbours as one slip', () => {
    expect(suggestedSlip('ruotign', ['routing'])).toBe('routing');
    expect(suggestedSlip('ruotignn', ['routing'])).toBeUndefined();
    expect(suggestedSlip('kitten', ['sitting'])).toBeUndefined();
    expect(suggestedSlip('', ['abc'])).toBeUndefined();
  });
});
