import { describe, expect, test } from '@jest/globals';
import { fillingFor } from './filling.ts';
import { fill } from './template.ts';

const spec = { variables: { 'chart.base': { default: 'mesh/base', description: '' } } };
const template = ['helm', '{{var.chart.base}}', '{{set.tag|v1}}', '{{sets}}'];

describe('a driver’s own variables', () => {
  test('have their default, or what the user gives, and are kept from the installer', () => {
    expect(fill(template, fillingFor(spec, ['tag=v2']))).toEqual(['helm', 'mesh/base', 'v2', '--set', 'tag=v2']);
    expect(fill(template, fillingFor(spec, ['chart.base=./base.tgz', 'a=1']))).toEqual([
      'helm',
      './base.tgz',
      'v1',
      '--set',
      'a=1',
    ]);
  });

  test('are told from the installer’s values within one word', () => {
    const { sets } = fillingFor(spec, ['a=1,chart.base=x,b=2', 'chart.base=y', 'chart.baseline=z']);
    expect(sets).toEqual(['a=1,b=2', 'chart.baseline=z']);
  });

  test('are not asked for where there are none', () => {
    expect(fillingFor({}, ['chart.base=x'], { port: 1 })).toEqual({ values: { port: 1 }, sets: ['chart.base=x'] });
  });
});
