import { describe, expect, it } from '@jest/globals';
import { toolRemedy } from '../words/index.ts';
import { driverTools, fitsSandbox, unusedSets } from './facts.ts';
import { listDrivers, listUnverified, loadDriver } from './load.ts';

const names = [...(await listDrivers()), ...(await listUnverified())];

it.each(names)('says where each command of the driver %s comes from', async (name) => {
  const driver = await loadDriver(name);
  for (const tool of driverTools(driver)) expect(toolRemedy(tool)).toContain(`install ${tool} (https://`);
});

it('names the version where the command belongs to the mesh', () => {
  expect(toolRemedy('osm', 'v1.2.4')).toBe(
    'install osm v1.2.4 (https://github.com/openservicemesh/osm/releases/tag/v1.2.4), and put it on the PATH',
  );
  expect(toolRemedy('osm')).toContain('(https://github.com/openservicemesh/osm/releases)');
  expect(toolRemedy('mymeshctl', 'v1')).toBe('install mymeshctl, and put it on the PATH');
});

it('knows that the sandbox can run only its own mesh and none', async () => {
  const fitting = [];
  for (const name of names) if (fitsSandbox(await loadDriver(name))) fitting.push(name);
  expect(fitting).toEqual(['none', 'reference']);
});

describe('a --set', () => {
  it('that no placeholder uses is named, with the keys that the driver takes', async () => {
    expect(unusedSets(await loadDriver('reference'), ['reference.actafter=1s'])).toMatch(
      /^--set reference.actafter: .* does not use this key; did you mean "reference.actAfter"\? \(it takes reference.actAfter, /,
    );
    expect(unusedSets(await loadDriver('none'), ['a=1'])).toContain('(it takes none)');
  });

  it('that a driver uses, or passes on, is fine', async () => {
    expect(unusedSets(await loadDriver('reference'), ['reference.actAfter=1s'])).toBeUndefined();
    expect(unusedSets(await loadDriver('osm'), ['any.thing=1'])).toBeUndefined();
  });
});
