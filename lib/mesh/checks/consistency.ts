import { suggestedSlip } from '../../words/index.ts';
import type { DriverSpec } from '../driver.ts';
import { modeNames } from '../mesh.ts';
import { type Mistake, mistake } from '../source.ts';
import { modesInInstall } from '../template.ts';

/** Fields that contradict one another: features, effects of modes, names of Deployments, files of diagnostics. */
export function* consistencyMistakes(spec: DriverSpec): Iterable<Mistake> {
  yield* featureMistakes(spec);
  yield* effectMistakes(spec);
  yield* deploymentMistakes(spec);
  yield* fileMistakes(spec);
}

/** A supported feature without the fields that it needs: a claim could only fail, and would blame the mesh. */
function* featureMistakes({ features, modes, policy: { allow }, ...spec }: DriverSpec): Iterable<Mistake> {
  const { supported, unsupported = {} } = features;
  // The negative control is no mesh, and has to fail.
  const isNoMesh = spec.controlPlane === undefined && spec.install.length === 0;
  const switched = modeNames.filter((name) => supported.includes(name) && !isNoMesh);
  const needs: Record<string, [field: string, value: unknown][]> = {
    permissive: [['modes.permissive', modes.permissive]],
    egress: [['modes.egress', modes.egress]],
    'tcp-policy': [['policy.allow.tcp', allow.tcp]],
    'http-policy': [['policy.allow.http', allow.http]],
    'route-objects': [['policy.allow.tcp.route', allow.tcp?.route]],
    sidecar: isNoMesh ? [] : [['dataPlane', spec.dataPlane]],
    'switch-validation': switched.map((name) => [`modes.${name}.invalid`, modes[name]?.invalid?.[0]]),
  };
  for (const [index, feature] of supported.entries()) {
    const path = ['features', 'supported', index];
    if (unsupported[feature] !== undefined) yield mistake(path, `${feature} is both supported and unsupported`);
    for (const [field, value] of needs[feature] ?? []) {
      if (value === undefined) yield mistake(path, `${feature} is declared, but ${field} is missing`);
    }
  }
}

/** Steps, words and placeholders that do not go with a mode's effect. */
function* effectMistakes(spec: DriverSpec): Iterable<Mistake> {
  for (const name of modeNames) {
    const mode = spec.modes[name];
    if (mode === undefined) continue;
    const path = ['modes', name];
    const placeholder = `{{modes.${name}}}`;
    const isPlaced = modesInInstall(spec).includes(name);
    const isReinstalled = mode.effect === 'reinstall';
    for (const side of ['on', 'off'] as const) {
      if (isReinstalled && mode[side] !== undefined) {
        const message = `effect reinstall allows no steps here; ${placeholder} in install gets the value`;
        yield mistake([...path, side], message, 'key');
      }
      if (!isReinstalled && mode[side] === undefined) {
        yield mistake(path, `the field ${side} is missing (the steps that switch it ${side})`);
      }
    }
    if (isPlaced) continue;
    if (isReinstalled) {
      yield mistake([...path, 'effect'], `effect reinstall needs ${placeholder} in the steps of install`);
    }
    if (mode.words !== undefined) {
      const message = `words are the values of ${placeholder}, which no step of install has`;
      yield mistake([...path, 'words'], message, 'key');
    }
  }
}

/** A control plane's Deployment whose name is a slip away from one that the steps make or wait for. */
function* deploymentMistakes({ controlPlane, install }: DriverSpec): Iterable<Mistake> {
  if (controlPlane === undefined) return;
  const deployments = install.flatMap((step) => {
    if ('wait' in step) return step.wait.available ?? [];
    return 'apply' in step && step.apply.kind === 'Deployment' ? step.apply.metadata : [];
  });
  const names = deployments.flatMap(({ name, namespace }) => (namespace === controlPlane.namespace ? name : []));
  for (const [index, name] of controlPlane.deployments.entries()) {
    const meant = names.includes(name) ? undefined : suggestedSlip(name, names);
    if (meant === undefined) continue;
    const message = `install makes no Deployment "${name}" in ${controlPlane.namespace}; did you mean "${meant}"?`;
    yield mistake(['controlPlane', 'deployments', index], message);
  }
}

/** Diagnostics that would overwrite each other. */
function* fileMistakes({ diagnostics = {} }: DriverSpec): Iterable<Mistake> {
  const written = new Set<string>();
  for (const list of ['mesh', 'pod'] as const) {
    for (const [index, { file }] of (diagnostics[list] ?? []).entries()) {
      if (written.has(file)) {
        yield mistake(['diagnostics', list, index, 'file'], `another diagnostic writes ${file} already`);
      }
      written.add(file);
    }
  }
}
