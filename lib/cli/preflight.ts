import { loadDriver } from '../mesh/index.ts';
import { checkSuite, type RunOptions } from '../plan/index.ts';
import { suiteNames } from './suites.ts';

/**
 * Refuses what is known to be wrong by looking at names and files alone, before anything heavy is loaded.
 *
 * @throws UsageError for an unknown suite, DriverError for a mesh that is unknown or whose driver is malformed
 */
export async function refuseWrongNames(options: RunOptions): Promise<void> {
  const suites = await suiteNames();
  for (const suite of options.suites) checkSuite(suite, suites);
  if (options.mesh !== undefined) await loadDriver(options.mesh);
}
