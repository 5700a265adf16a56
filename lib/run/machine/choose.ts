import { type Driver, loadDriver, unusedSets } from '../../mesh/index.ts';
import { type Choice, chooseProvider, defaultMesh, type RunOptions } from '../../options/index.ts';
import { UsageError } from '../../words/index.ts';
import { gatherFacts, toolsOf } from './facts.ts';

/** The provider and the driver of a run. */
export interface Chosen {
  choice: Choice;
  driver: Driver;
}

/**
 * Chooses the provider from what this machine has, and loads the driver of the mesh.
 * @throws EnvironmentError if no provider can run here
 * @throws UsageError if the mesh is unknown, its driver malformed, or a --set unused
 */
export async function choose(options: RunOptions): Promise<Chosen> {
  const { provider } = options;
  const likely = options.mesh ?? defaultMesh(provider === 'auto' ? 'kind' : provider);
  // Load the driver while other processes check the machine.
  const loading = loadDriver(likely);
  const tools = loading.then((driver) => toolsOf([driver]));
  const choice = chooseProvider(options, await gatherFacts(tools, provider), await loading);
  const mesh = options.mesh ?? defaultMesh(choice.provider);
  const driver = await (mesh === likely ? loading : loadDriver(mesh));
  refuseUnusedSets(options, driver);
  return { choice, driver };
}

const strength = { file: 1, environment: 2, 'command line': 3 };

/** Refuses a --set that the driver does not use, unless it is from a file and a stronger source names the mesh. */
export function refuseUnusedSets({ sets, named }: Pick<RunOptions, 'sets' | 'named'>, driver: Driver): void {
  const strongest = (...names: string[]) =>
    Math.max(0, ...names.map((name) => named[name]).map((source) => (source === undefined ? 0 : strength[source])));
  const unused = unusedSets(driver, sets);
  if (unused !== undefined && strongest('set', 'set-secret', 'set-file') >= strongest('mesh', 'provider'))
    throw new UsageError(unused);
}
