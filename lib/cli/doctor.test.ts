import { describe, expect, it } from '@jest/globals';
import { coloursFor } from '../console/colours.ts';
import { ask, nodeFact, onPath } from '../run/machine/facts.ts';
import { printDiagnosis } from './doctor.ts';

describe('doctor', () => {
  it.each([
    ['20.18.3', false],
    ['18.20.0', false],
    ['20.19.0', true],
    ['22.1.0', true],
  ])('Node %s is new enough: %s', (version, isEnough) => {
    expect(nodeFact(version).found !== undefined).toBe(isEnough);
  });

  it('distinguishes a missing command from one that fails', async () => {
    expect(await ask('no-such-command', [])).toEqual({ ok: false, isMissing: true, problem: 'not installed' });
    expect(await ask('sh', ['-c', 'echo one; echo two >&2; exit 4'])).toEqual({
      ok: false,
      isMissing: false,
      problem: 'two',
    });
    expect(await ask('sh', ['-c', 'echo one'])).toEqual({ ok: true, stdout: 'one' });
  });

  it('finds programs on the PATH, and only programs', () => {
    expect(onPath('sh')).toMatch(/\/sh$/);
    expect(onPath('sh', { PATH: '/nowhere' })).toBeUndefined();
    expect(onPath('passwd', { PATH: '/etc' })).toBeUndefined();
  });

  it('prints what is there, what is missing with its remedy, the provider, and leftovers', () => {
    const text = printDiagnosis(
      {
        facts: [
          {
            title: 'Provider kind',
            facts: [
              { what: 'Docker', found: '27.1', remedy: '' },
              { what: 'kind', problem: 'not installed', remedy: 'install kind' },
            ],
          },
          { title: 'Nothing', facts: [] },
        ],
        choice: { problem: 'kind cannot run here', remedy: 'install kind\nor name another' },
        leftovers: ['run r1 (dead): kind cluster meshproof-r1'],
      },
      coloursFor({ isTTY: false }),
    );
    expect(text).toBe(
      [
        'Provider kind',
        '  ok  Docker  27.1',
        '  NO  kind    not installed',
        '              -> install kind',
        '',
        'A run cannot start: kind cannot run here',
        '  -> install kind',
        '  -> or name another',
        'Left behind (meshproof clean):',
        '  run r1 (dead): kind cluster meshproof-r1',
        '',
      ].join('\n'),
    );
  });
});
