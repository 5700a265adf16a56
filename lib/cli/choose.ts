import { type Driver, driverTools, loadDriver } from '../mesh/index.ts';
import { type Choice, chooseProvider, defaultMesh, type RunOptions } from '../plan/index.ts';
import { gatherFacts } from './doctor/machine-facts.ts';

/** What a run with some options is about. */
export interface Chosen {
  choice: Choice;
  driver: Driver;
}

/**
 * Which provider, and why, from what this machine has, and the driver of the mesh that is tested there.
 * @throws EnvironmentError where none can run here, DriverError where the mesh is unknown or its driver malformed
 */
export async function choose(options: RunOptions): Promise<Chosen> {
  const { provider } = options;
  const likely = options.mesh ?? defaultMesh(provider === 'auto' ? 'kind' : provider);
  // Read while the machine is asked, which is a matter of other processes.
  const loading = loadDriver(likely);
  const tools = loading.then(driverTools);
  const meshesOf = tools.then((names) => Object.fromEntries(names.map((tool) => [tool, [likely]])));
  const choice = chooseProvider(options, await gatherFacts(meshesOf, provider), await tools);
  const mesh = options.mesh ?? defaultMesh(choice.provider);
  return { choice, driver: await (mesh === likely ? loading : loadDriver(mesh)) };
}
