import { describe, expect, test } from '@jest/globals';
import { fieldTest, labelTest, selectorTest } from './select.ts';

describe('a label selector', () => {
  test.each([
    ['app=web', true],
    ['app==web', true],
    ['app!=web', false],
    ['other!=web', true],
    ['app in (web, api)', true],
    ['app notin (web,api),tier', false],
    ['other notin (web)', true],
    ['tier', true],
    ['!tier', false],
    ['!other', true],
    ['app=web,tier=back', true],
    ['app=web,tier=front', false],
    ['', true],
  ])('%s', (selector, expected) => {
    expect(labelTest(selector)({ app: 'web', tier: 'back' })).toBe(expected);
  });

  test('is refused if it is malformed', () => {
    expect(() => labelTest('a b c')).toThrow('unable to parse requirement');
  });

  test('of a workload matches labels and expressions', () => {
    const matches = selectorTest({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['back'] },
        { key: 'old', operator: 'DoesNotExist' },
      ],
    });

    expect(matches({ app: 'web', tier: 'back' })).toBe(true);
    expect(matches({ app: 'web', tier: 'back', old: '' })).toBe(false);
    expect(matches({ app: 'web' })).toBe(false);
  });
});

describe('a field selector', () => {
  const running = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, status: { phase: 'Running' } };

  test('tests fields of the kind', () => {
    expect(fieldTest('metadata.name=a,status.phase!=Failed', 'Pod')(running)).toBe(true);
    expect(fieldTest('spec.nodeName=x', 'Pod')(running)).toBe(false);
    expect(fieldTest('spec.nodeName=', 'Pod')(running)).toBe(true);
  });

  test('is refused for other fields', () => {
    expect(() => fieldTest('status.phase=Running', 'ConfigMap')).toThrow('not a known field selector');
  });
});
