import type { DriverSpec } from './driver.ts';
import type { ModeName } from './mesh.ts';
import { modesInInstall } from './placeholders.ts';
import type { Mistake } from './schema.ts';
import type { Path } from './source.ts';

/** What a feature declared as supported needs elsewhere in the file. */
const needed: Record<string, { path: Path; has(spec: DriverSpec): boolean }> = {
  permissive: { path: ['modes', 'permissive'], has: ({ modes }) => modes.permissive !== undefined },
  egress: { path: ['modes', 'egress'], has: ({ modes }) => modes.egress !== undefined },
  'tcp-policy': { path: ['policy', 'allow', 'tcp'], has: ({ policy }) => policy.allow.tcp !== undefined },
  'http-policy': { path: ['policy', 'allow', 'http'], has: ({ policy }) => policy.allow.http !== undefined },
  'route-objects': {
    path: ['policy', 'allow', 'tcp', 'route'],
    has: ({ policy }) => policy.allow.tcp?.route !== undefined,
  },
};

/** Fields that contradict one another: features declared twice or without what they need, switches without what their effect needs. */
export function consistencyMistakes(spec: DriverSpec): Mistake[] {
  return [...featureMistakes(spec), ...modeMistakes(spec, 'permissive'), ...modeMistakes(spec, 'egress')];
}

function featureMistakes(spec: DriverSpec): Mistake[] {
  return spec.features.supported.flatMap((feature, index) => {
    const path = ['features', 'supported', index];
    const mistakes: Mistake[] = [];
    if (spec.features.exempt?.[feature] !== undefined) {
      mistakes.push({ path, of: 'value', message: `${feature} is both supported and exempt` });
    }
    const need = needed[feature];
    if (need !== undefined && !need.has(spec)) {
      mistakes.push({ path, of: 'value', message: `${feature} is declared, but ${need.path.join('.')} is missing` });
    }
    return mistakes;
  });
}

function modeMistakes(spec: DriverSpec, name: ModeName): Mistake[] {
  const mode = spec.modes[name];
  if (mode === undefined) return [];
  const isReinstalled = mode.effect === 'reinstall';
  const mistakes = (['on', 'off'] as const).flatMap((side): Mistake[] => {
    if (isReinstalled && mode[side] !== undefined) {
      const message = 'an effect of reinstall leaves no steps; the value goes into install, by its placeholder';
      return [{ path: ['modes', name, side], of: 'key', message }];
    }
    if (isReinstalled || mode[side] !== undefined) return [];
    return [
      {
        path: ['modes', name],
        of: 'value',
        message: `the field ${side} is missing (the steps that switch it ${side})`,
      },
    ];
  });
  const placeholder = `{{modes.${name}}}`;
  if (modesInInstall(spec).has(name)) return mistakes;
  if (isReinstalled) {
    const message = `an effect of reinstall needs ${placeholder} in the steps of install`;
    mistakes.push({ path: ['modes', name, 'effect'], of: 'value', message });
  }
  if (mode.words !== undefined) {
    const message = `words are what ${placeholder} becomes, which no step of install holds`;
    mistakes.push({ path: ['modes', name, 'words'], of: 'key', message });
  }
  return mistakes;
}
