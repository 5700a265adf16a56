import { suggestedSlip } from '../../words/index.ts';
import type { DriverSpec } from '../driver.ts';
import { modeNames } from '../mesh.ts';
import { type Mistake, mistake } from '../source.ts';
import { modesInInstall } from '../template.ts';

/** Fields that contradict one another: features, effects of modes, names of Deployments, files of diagnostics. */
export function consistencyMistakes(spec: DriverSpec): Mistake[] {
  return [...featureMistakes(spec), ...effectMistakes(spec), ...deploymentMistakes(spec), ...fileMistakes(spec)];
}

/** The fields that a supported feature needs. Without them a claim could only fail, and would blame the mesh. */
function needs(feature: string, { modes, policy: { allow }, ...spec }: DriverSpec): [string, unknown][] {
  // The negative control is no mesh, and has to fail.
  const isNoMesh = spec.controlPlane === undefined && spec.install.length === 0;
  switch (feature) {
    case 'permissive':
    case 'egress':
      return [[`modes.${feature}`, modes[feature]]];
    case 'tcp-policy':
      return [['policy.allow.tcp', allow.tcp]];
    case 'http-policy':
      return [['policy.allow.http', allow.http]];
    case 'route-objects':
      return [['policy.allow.tcp.route', allow.tcp?.route]];
    case 'sidecar':
      return isNoMesh ? [] : [['dataPlane', spec.dataPlane]];
    case 'switch-validation': {
      const supported = modeNames.filter((name) => spec.features.supported.includes(name) && !isNoMesh);
      return supported.map((name) => [`modes.${name}.invalid`, modes[name]?.invalid?.[0]]);
    }
    default:
      return [];
  }
}

function featureMistakes(spec: DriverSpec): Mistake[] {
  const { supported, unsupported = {} } = spec.features;
  return supported.flatMap((feature, index) => {
    const missing = needs(feature, spec).filter(([, value]) => value === undefined);
    const messages = missing.map(([field]) => `${feature} is declared, but ${field} is missing`);
    if (unsupported[feature] !== undefined) messages.unshift(`${feature} is both supported and unsupported`);
    return messages.map((message) => mistake(['features', 'supported', index], message));
  });
}

/** Steps, words and placeholders that do not go with a mode's effect. */
function effectMistakes(spec: DriverSpec): Mistake[] {
  return modeNames.flatMap((name): Mistake[] => {
    const mode = spec.modes[name];
    if (mode === undefined) return [];
    const path = ['modes', name];
    const placeholder = `{{modes.${name}}}`;
    const isPlaced = modesInInstall(spec).includes(name);
    const isReinstalled = mode.effect === 'reinstall';
    const mistakes = (['on', 'off'] as const).flatMap((side): Mistake[] => {
      if (isReinstalled === (mode[side] === undefined)) return [];
      if (!isReinstalled) return [mistake(path, `the field ${side} is missing (the steps that switch it ${side})`)];
      const message = `effect reinstall allows no steps here; ${placeholder} in install gets the value`;
      return [mistake([...path, side], message, 'key')];
    });
    if (isReinstalled && !isPlaced) {
      mistakes.push(mistake([...path, 'effect'], `effect reinstall needs ${placeholder} in the steps of install`));
    }
    if (mode.words !== undefined && !isPlaced) {
      const message = `words are the values of ${placeholder}, which no step of install has`;
      mistakes.push(mistake([...path, 'words'], message, 'key'));
    }
    return mistakes;
  });
}

/** A control plane's Deployment whose name is a slip away from one that the steps make or wait for. */
function deploymentMistakes({ controlPlane, install }: DriverSpec): Mistake[] {
  if (controlPlane === undefined) return [];
  const deployments = install.flatMap((step) => {
    if ('wait' in step) return step.wait.available ?? [];
    return 'apply' in step && step.apply.kind === 'Deployment' ? step.apply.metadata : [];
  });
  const names = deployments.flatMap(({ name, namespace }) => (namespace === controlPlane.namespace ? name : []));
  return controlPlane.deployments.flatMap((name, index): Mistake[] => {
    const meant = names.includes(name) ? undefined : suggestedSlip(name, names);
    if (meant === undefined) return [];
    const message = `install makes no Deployment "${name}" in ${controlPlane.namespace}; did you mean "${meant}"?`;
    return [mistake(['controlPlane', 'deployments', index], message)];
  });
}

/** Diagnostics that would overwrite each other. */
function fileMistakes({ diagnostics = {} }: DriverSpec): Mistake[] {
  const files = (['mesh', 'pod'] as const).flatMap((list) =>
    (diagnostics[list] ?? []).map(({ file }, index) => ({ file, path: ['diagnostics', list, index, 'file'] })),
  );
  return files.flatMap(({ file, path }, index) => {
    const isAgain = files.slice(0, index).some((other) => other.file === file);
    return isAgain ? [mistake(path, `another diagnostic writes ${file} already`)] : [];
  });
}
