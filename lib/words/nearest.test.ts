import { describe, expect, it } from '@jest/globals';
import { didYouMean, editDistance, nearest } from './nearest.ts';

const suites = ['permissive', 'tcp-routing', 'egress'];

describe('nearest', () => {
  it.each([
    ['permisive', 'permissive'],
    ['tcp-ruoting', 'tcp-routing'],
    ['Egress', 'egress'],
    ['routing', 'tcp-routing'],
    ['tpc-rooting', 'tcp-routing'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, suites)).toBe(meant);
  });

  it('forgives two slips in a short word, and no more', () => {
    expect(nearest('omz', ['none', 'osm'])).toBe('osm');
    expect(nearest('omz', ['kuma'])).toBeUndefined();
  });

  it('offers nothing where nothing is near', () => {
    expect(nearest('latency', suites)).toBeUndefined();
    expect(didYouMean('latency', suites)).toBe('');
  });

  it('counts a swap of neighbours as one slip', () => {
    expect(editDistance('ruoting', 'routing')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });
});
