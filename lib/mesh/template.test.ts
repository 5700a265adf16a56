import { describe, expect, test } from '@jest/globals';
import { fill, fillingFor, hasStrayBraces, placeholders } from './template.ts';

const filling = { values: { port: 9000, name: 'x', 'client.namespace': 'curl' }, sets: ['a.b=1', 'a.b=2', 'c=d,e=f'] };

describe('fill', () => {
  test('a text that is one placeholder takes the type of its value', () => {
    expect(fill({ ports: ['{{port}}'] }, filling)).toEqual({ ports: [9000] });
  });

  test('a placeholder within a text becomes text', () => {
    expect(fill('{{name}}-{{port}}.{{ client.namespace }}', filling)).toBe('x-9000.curl');
    expect(fill('{{port}}{{port}}', filling)).toBe('90009000');
  });

  test('the last value of a set key wins, and several in one word are separated', () => {
    expect(fill('{{set.a.b|0}} {{set.c|0}} {{set.e|0}}', filling)).toBe('2 d f');
  });

  test('a fallback is taken only where there is no value', () => {
    expect(fill(['{{set.none|v1.2}}', '{{path|.*}}', '{{set.none|}}', '{{port|1}}'], filling)).toEqual([
      'v1.2',
      '.*',
      '',
      9000,
    ]);
  });

  test('the splice becomes two words for each set, and nothing where there is none', () => {
    expect(fill(['install', '{{sets}}', '-v'], filling)).toEqual([
      'install',
      '--set',
      'a.b=1',
      '--set',
      'a.b=2',
      '--set',
      'c=d,e=f',
      '-v',
    ]);
    expect(fill(['{{sets}}'], { values: {}, sets: [] })).toEqual([]);
  });

  test('a value is not searched for placeholders', () => {
    expect(fill('<{{name}}>', { values: { name: '{{port}}', port: 1 }, sets: [] })).toBe('<{{port}}>');
  });

  test('leaves the template and what is no text alone', () => {
    const template = { on: true, n: 1, nothing: null, list: [{ at: '{{name}}' }] };
    expect(fill(template, filling)).toEqual({ on: true, n: 1, nothing: null, list: [{ at: 'x' }] });
    expect(template.list).toEqual([{ at: '{{name}}' }]);
  });

  test('refuses a placeholder without value', () => {
    expect(() => fill('{{nobody}}', filling)).toThrow('{{nobody}} has no value here');
  });
});

describe('where there are several clients, ports or matches', () => {
  const several = {
    values: {},
    sets: [],
    several: [
      [{ client: 'a' }, { client: 'b' }],
      [{ port: 1 }, { port: 2 }],
      [
        { match: 'm1', path: '/x', method: 'GET' },
        { match: 'm2', path: '/y' },
      ],
    ],
  };
  const filled = (template: unknown) => fill(template, several);

  test('the smallest list item that names one is repeated for each', () => {
    const item = { from: ['{{client}}'], to: { ports: ['{{port}}'] } };
    expect(filled([item])).toEqual([{ from: ['a', 'b'], to: { ports: [1, 2] } }]);
    expect(filled([{ who: '{{client}}', ports: ['{{port}}'] }])).toEqual([
      { who: 'a', ports: [1, 2] },
      { who: 'b', ports: [1, 2] },
    ]);
    expect(filled([{ who: '{{client}}', port: '{{port}}' }])).toHaveLength(4);
    expect(filled([{ who: '{{client}}', also: ['{{client}}'] }])).toEqual([
      { who: 'a', also: ['a'] },
      { who: 'b', also: ['b'] },
    ]);
  });

  test('placeholders of one match stay together', () => {
    expect(filled([{ to: [{ paths: ['{{path|*}}'], methods: ['{{method|*}}'] }] }])).toEqual([
      {
        to: [
          { paths: ['/x'], methods: ['GET'] },
          { paths: ['/y'], methods: ['*'] },
        ],
      },
    ]);
    expect(filled([{ rules: [{ matches: ['{{match}}'] }] }])).toEqual([{ rules: [{ matches: ['m1', 'm2'] }] }]);
  });

  test('headers that are missing leave out their field or list item', () => {
    const template = { a: { headers: '{{headers|}}' }, b: { headers: ['{{headers|}}'] } };
    expect(fill(template, { values: {}, sets: [] })).toEqual({ a: {}, b: { headers: [] } });
    const headers = { 'x-user': 'a.*' };
    expect(fill(template, { values: { headers }, sets: [] })).toEqual({ a: { headers }, b: { headers: [headers] } });
  });
});

test('placeholders returns names, defaults and places', () => {
  expect(placeholders('a{{x}}{{ y | z }}')).toEqual([
    { name: 'x', index: 1 },
    { name: 'y', fallback: 'z', index: 6 },
  ]);
});

test('hasStrayBraces sees halves of placeholders', () => {
  expect(['{{x}}', '{{x|y}}', '{a}', ''].map(hasStrayBraces)).toEqual([false, false, false, false]);
  expect(['{{x', 'x}}', '{{{x}}', '{{a b}}'].map(hasStrayBraces)).toEqual([true, true, false, true]);
});

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

  test('are separated from the installer’s values within one word', () => {
    const { sets } = fillingFor(spec, ['a=1,chart.base=x,b=2', 'chart.base=y', 'chart.baseline=z']);
    expect(sets).toEqual(['a=1,b=2', 'chart.baseline=z']);
  });

  test('are not needed if the driver has none', () => {
    expect(fillingFor({}, ['chart.base=x'], { port: 1 })).toEqual({ values: { port: 1 }, sets: ['chart.base=x'] });
  });
});
