import { nearestSlip } from '../../words/index.ts';
import type { DriverSpec } from '../driver.ts';
import type { Mistake } from '../file/schema.ts';
import type { Path } from '../file/source.ts';
import type { ModeName } from '../mesh.ts';
import { modesInInstall } from '../template/placeholders.ts';
import { policyMistakes } from './policy-mistakes.ts';

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
  // Without these a claim can only fail, and the mesh would be blamed for it. The negative control is no mesh, and wants that.
  sidecar: { path: ['dataPlane'], has: (spec) => spec.dataPlane !== undefined || isNoMesh(spec) },
};

/** Modes whose claim about switch-validation could only fail, and the mesh would be blamed for it. */
function untried(spec: DriverSpec): ModeName[] {
  if (isNoMesh(spec)) return [];
  return (['permissive', 'egress'] as const).filter(
    (name) => spec.features.supported.includes(name) && (spec.modes[name]?.invalid ?? []).length === 0,
  );
}

function isNoMesh({ controlPlane, install }: DriverSpec): boolean {
  return controlPlane === undefined && install.length === 0;
}

/**
 * Fields that contradict one another: features declared twice or without what they need, switches without what their
 * effect needs, policies for nobody, Deployments that the installation calls otherwise, files written twice.
 */
export function consistencyMistakes(spec: DriverSpec): Mistake[] {
  return [
    ...featureMistakes(spec),
    ...modeMistakes(spec, 'permissive'),
    ...modeMistakes(spec, 'egress'),
    ...policyMistakes(spec),
    ...deploymentMistakes(spec),
    ...fileMistakes(spec),
  ];
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
    for (const name of feature === 'switch-validation' ? untried(spec) : []) {
      mistakes.push({ path, of: 'value', message: `${feature} is declared, but modes.${name}.invalid is missing` });
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

/** A control plane's Deployment whose name is a slip away from one that the steps make or wait for. */
function deploymentMistakes({ controlPlane, install }: DriverSpec): Mistake[] {
  if (controlPlane === undefined) return [];
  const names = install.flatMap((step) => {
    if ('wait' in step)
      return step.wait.available?.namespace === controlPlane.namespace ? step.wait.available.name : [];
    const isOne = 'apply' in step && step.apply.kind === 'Deployment';
    return isOne && step.apply.metadata.namespace === controlPlane.namespace ? step.apply.metadata.name : [];
  });
  return controlPlane.deployments.flatMap((name, index): Mistake[] => {
    const meant = names.includes(name) ? undefined : nearestSlip(name, names);
    if (meant === undefined) return [];
    const message = `install makes no Deployment "${name}" in ${controlPlane.namespace}; did you mean ${meant}?`;
    return [{ path: ['controlPlane', 'deployments', index], of: 'value', message }];
  });
}

/** Diagnostics that would overwrite each other. */
function fileMistakes({ diagnostics = {} }: DriverSpec): Mistake[] {
  const files = (['mesh', 'pod'] as const).flatMap((list) =>
    (diagnostics[list] ?? []).map(({ file }, index) => ({ file, path: ['diagnostics', list, index, 'file'] })),
  );
  return files.flatMap(({ file, path }, index): Mistake[] => {
    const isAgain = files.slice(0, index).some((other) => other.file === file);
    return isAgain ? [{ path, of: 'value', message: `${file} is written by another diagnostic already` }] : [];
  });
}
