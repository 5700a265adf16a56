import { describe, expect, test } from '@jest/globals';
import { fieldTest, labelTest } from './select.ts';

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
});

describe('a field selector', () => {
  const running = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, status: { phase: 'Running' } };

  test('tests fields of the kind', () => {
    expect(fieldTest('metadata.name=a,status.phase!=Failed')(running)).toBe(true);
    expect(fieldTest('spec.nodeName=x')(running)).toBe(false);
    expect(fieldTest('spec.nodeName=')(running)).toBe(true);
  });

  test('is refused if it is malformed', () => {
    expect(() => fieldTest('status.phase')).toThrow('invalid selector');
  });
});
