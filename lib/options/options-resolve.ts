import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ProviderName } from '../kube/cluster.ts';
import { readEnvironment } from './config-environment.ts';
import { readConfigFile } from './config-file.ts';
import { imageRoles, optionRows } from './option-rows.ts';
import type { Layer, OptionValue } from './option-values.ts';
import { type ImageRole, type RunOptions, UsageError } from './options.ts';
import { refuseContradictions } from './options-contradictions.ts';
import { readSetFile } from './set-file.ts';

/** Where options come from, besides a file. */
export interface OptionSources {
  commandLine: Layer;
  environment: NodeJS.ProcessEnv;
  /** Folder in which `meshproof.yaml` is looked for. */
  folder: string;
}

/**
 * The options of a run: command line before environment before file. Only `set`, `set-secret` and `image` add up, key by key, so that
 * one more setting on the command line does not lose those of the file.
 *
 * @throws UsageError where a value is not allowed, a file is not there, or two options contradict each other.
 */
export function resolveOptions(sources: OptionSources): RunOptions {
  const environment = readEnvironment(sources.environment);
  const file = configFile(sources, environment);
  const layers = [...(file === undefined ? [] : [readConfigFile(file)]), environment, sources.commandLine];
  const options = assemble(layers);
  refuseContradictions(options);
  refuseMissingFiles(options);
  return options;
}

function configFile(sources: OptionSources, environment: Layer): string | undefined {
  const said = sources.commandLine.values.get('config') ?? environment.values.get('config');
  if (said !== undefined) return String(said);
  const usual = join(sources.folder, 'meshproof.yaml');
  return existsSync(usual) ? usual : undefined;
}

/** Later layers win. */
function assemble(layers: Layer[]): RunOptions {
  const values = new Map<string, OptionValue>();
  const named: RunOptions['named'] = {};
  for (const layer of layers) {
    for (const [name, value] of layer.values) {
      values.set(name, value);
      named[name] = layer.source;
    }
  }
  const text = (name: string): string | undefined => {
    const value = values.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const number = (name: string): number | undefined => {
    const value = values.get(name);
    return typeof value === 'number' ? value : undefined;
  };
  const list = (name: string): string[] => {
    const value = values.get(name);
    return Array.isArray(value) ? value : [];
  };
  const isOn = (name: string): boolean => values.get(name) === true;

  return {
    suites: list('suite'),
    claims: list('claim'),
    ...given('mesh', text('mesh')),
    sets: addedSets(layers),
    secretSets: layers.flatMap(secretPairs),
    provider: (text('provider') ?? 'auto') as 'auto' | ProviderName,
    ...given('kubeconfig', text('kubeconfig')),
    ...given('context', text('context')),
    allowMeshWideChanges: isOn('allow-mesh-wide-changes'),
    ...given('clusterName', text('cluster-name')),
    ...given('nodeImage', text('node-image')),
    ...given('kindConfig', text('kind-config')),
    ...given('sandboxFault', text('sandbox-fault')),
    ...given('sandboxDomain', text('sandbox-domain')),
    images: addedImages(layers),
    ...given('registry', text('registry')),
    ...given('pullSecret', text('pull-secret')),
    loadImages: list('load-image'),
    ...given('unmeshed', text('egress-target')),
    keep: isOn('keep'),
    reuse: isOn('reuse'),
    install: values.get('install') !== false,
    failFast: isOn('fail-fast'),
    retries: number('retries') ?? 0,
    repeat: number('repeat') ?? 1,
    rerunFailed: isOn('rerun-failed'),
    ...given('seed', text('seed')),
    extended: isOn('extended'),
    timeoutScale: number('timeout-scale') ?? 1,
    ...given('deadlineMs', number('deadline')),
    out: text('out') ?? 'reports',
    list: isOn('list'),
    dryRun: isOn('dry-run'),
    json: isOn('json'),
    verbose: isOn('verbose'),
    named,
  };
}

function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function addedSets(layers: Layer[]): string[] {
  const sets: string[] = [];
  for (const layer of layers) {
    const file = layer.values.get('set-file');
    if (typeof file === 'string') sets.push(...readSetFile(file));
    const pairs = layer.values.get('set');
    if (Array.isArray(pairs)) sets.push(...pairs);
    sets.push(...secretPairs(layer));
  }
  return sets;
}

function secretPairs(layer: Layer): string[] {
  const pairs = layer.values.get('set-secret');
  return Array.isArray(pairs) ? pairs : [];
}

function addedImages(layers: Layer[]): Partial<Record<ImageRole, string>> {
  const images: Partial<Record<ImageRole, string>> = {};
  for (const layer of layers) {
    const pairs = layer.values.get('image');
    for (const pair of Array.isArray(pairs) ? pairs : []) {
      const role = imageRoles.find((known) => pair.startsWith(`${known}=`));
      if (role !== undefined) images[role] = pair.slice(role.length + 1);
    }
  }
  return images;
}

function refuseMissingFiles(options: RunOptions): void {
  const files = {
    kubeconfig: options.kubeconfig,
    'kind-config': options.kindConfig,
    'pull-secret': options.pullSecret,
  };
  for (const [name, file] of Object.entries(files)) {
    if (file !== undefined && !existsSync(file)) {
      const row = optionRows.find((candidate) => candidate.name === name);
      throw new UsageError(`--${name} ${file}: there is no such file (${row?.help})`);
    }
  }
}
