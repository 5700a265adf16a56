import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../words/index.ts';
import { readEnvironment } from './environment.ts';
import { readConfigFile, readSetFile } from './file.ts';
import { type OptionRow, optionRows, optionSources, type RunOptions } from './options.ts';
import { type Layer, type OptionValue, splitPair } from './values.ts';

/** Where options come from, besides a file. */
export interface OptionSources {
  commandLine: Layer;
  environment: NodeJS.ProcessEnv;
  /** Folder in which `meshproof.yaml` is looked for. */
  folder: string;
}

/**
 * The options of a run. The command line overrides the environment, which overrides the file; only `set`, `set-secret` and
 * `image` add up, key by key, so that a setting on the command line keeps those of the file.
 *
 * @throws UsageError for a value that is not allowed, a missing file, or options that contradict each other
 */
export function resolveOptions(sources: OptionSources): RunOptions {
  const environment = readEnvironment(sources.environment);
  const file = configFile(sources, environment);
  const layers = [...(file === undefined ? [] : [readConfigFile(file)]), environment, sources.commandLine];
  const options = merge(layers);
  refuseContradictions(options);
  for (const { key, name, help, mustExist } of optionRows) {
    const path = options[key];
    if (mustExist && path !== undefined && !existsSync(String(path)))
      throw new UsageError(`--${name} ${path}: no such file (${help})`);
  }
  return options;
}

function configFile({ commandLine, folder }: OptionSources, environment: Layer): string | undefined {
  const named = commandLine.values.get('config') ?? environment.values.get('config');
  if (named !== undefined) return String(named);
  const usual = join(folder, 'meshproof.yaml');
  return existsSync(usual) ? usual : undefined;
}

/** @param layers the strongest last */
function merge(layers: readonly Layer[]): RunOptions {
  const named: RunOptions['named'] = {};
  const values: Record<string, unknown> = {};
  for (const row of optionRows) {
    const given = layers.flatMap(({ source, values: of }) => {
      const value = of.get(row.name);
      return value === undefined ? [] : [{ source, value }];
    });
    const last = given.at(-1);
    if (last !== undefined) named[row.name] = last.source;
    const value = combine(
      row,
      given.map((each) => each.value),
    );
    if (value !== undefined) values[row.key] = value;
  }
  // The schema's kinds say of what type each value is.
  return { ...values, sets: layers.flatMap(setsOf), named } as RunOptions;
}

/** @param given by the sources, the strongest last */
function combine({ kind, ...row }: OptionRow, given: OptionValue[]): unknown {
  switch (kind) {
    case 'pairs':
      return given.flat();
    case 'roles':
      return Object.fromEntries(given.flat().map((pair) => splitPair(String(pair))));
    case 'list':
      return given.at(-1) ?? [];
    case 'switch':
      return given.at(-1) ?? row.default ?? false;
    default:
      return given.at(-1) ?? row.default;
  }
}

/** A source's settings for the installer; what is more specific comes later, and wins. */
function setsOf({ values }: Layer): string[] {
  const file = values.get('set-file');
  const pairs = [values.get('set') ?? [], values.get('set-secret') ?? []].flat().map(String);
  return [...(file === undefined ? [] : readSetFile(String(file))), ...pairs];
}

/**
 * Refuses options that contradict each other. An option for another provider is refused only if its source is at least as
 * strong as the one that chose the provider: a file for the cluster at work must not forbid `--provider sandbox`.
 */
function refuseContradictions(options: RunOptions): void {
  const { provider, context, install, list, dryRun, clusterName } = options;
  for (const { key, name, providers } of optionRows) {
    const source = options.named[name];
    if (source === undefined || providers === undefined || providers.includes(provider)) continue;
    if (options[key] === false) continue;
    const chosenBy = options.named['provider'];
    if (chosenBy !== undefined && optionSources.indexOf(source) < optionSources.indexOf(chosenBy)) continue;
    const meant = providers.filter((each) => each !== 'auto').join(' or ');
    throw new UsageError(`--${name} is for --provider ${meant}, not for ${provider}`);
  }
  if (provider === 'existing' && context === undefined) {
    throw new UsageError('--provider existing requires --context NAME');
  }
  if (provider === 'existing' && !options.allowMeshWideChanges && !dryRun && !list) {
    throw new UsageError(
      '--provider existing requires --allow-mesh-wide-changes: with permissive mode off, the mesh denies all traffic ' +
        'that no policy allows (--dry-run shows what would change)',
    );
  }
  if (!install && provider === 'sandbox') {
    throw new UsageError('--no-install: a sandbox is always new and has no mesh to test; leave the option out');
  }
  if (!install && !options.reuse && provider !== 'existing') {
    throw new UsageError(
      '--no-install: a new kind cluster has no mesh to test; add --reuse to use one that --keep left',
    );
  }
  if (list && dryRun) throw new UsageError('--list and --dry-run both print and stop: choose one');
  if (clusterName !== undefined && !/^[a-z0-9][a-z0-9.-]*$/.test(clusterName)) {
    throw new UsageError(`--cluster-name must be lower-case letters, digits, dots and dashes, not "${clusterName}"`);
  }
}
