import { type Driver, loadDriver, unusedSets } from '../../mesh/index.ts';
import { type Choice, chooseProvider, defaultMesh, type RunOptions } from '../../options/index.ts';
import { UsageError } from '../../words/index.ts';
import { gatherFacts, toolsOf } from './facts.ts';

/** What a run with some options is about. */
export interface Chosen {
  choice: Choice;
  driver: Driver;
}

/**
 * Which provider, and why, from what this machine has, and the driver of the mesh that is tested there.
 * @throws EnvironmentError where none can run here, UsageError where the mesh is unknown or its driver malformed, UsageError
 *   for a --set that the driver would not use
 */
export async function choose(options: RunOptions): Promise<Chosen> {
  const { provider } = options;
  const likely = options.mesh ?? defaultMesh(provider === 'auto' ? 'kind' : provider);
  // Read while the machine is asked, which is a matter of other processes.
  const loading = loadDriver(likely);
  const tools = loading.then((driver) => toolsOf([driver]));
  const choice = chooseProvider(options, await gatherFacts(tools, provider), await loading);
  const mesh = options.mesh ?? defaultMesh(choice.provider);
  const driver = await (mesh === likely ? loading : loadDriver(mesh));
  refuseUnusedSets(options, driver);
  return { choice, driver };
}

const strength = { file: 1, environment: 2, 'command line': 3 };

/** What a file sets for the mesh that it is for must not forbid to name another one. */
export function refuseUnusedSets({ sets, named }: Pick<RunOptions, 'sets' | 'named'>, driver: Driver): void {
  const strongest = (...names: string[]) =>
    Math.max(0, ...names.map((name) => named[name]).map((source) => (source === undefined ? 0 : strength[source])));
  const unused = unusedSets(driver, sets);
  if (unused !== undefined && strongest('set', 'set-secret', 'set-file') >= strongest('mesh', 'provider'))
    throw new UsageError(unused);
}
