import type { Manifest } from '../cluster/cluster.ts';
import { readFixtures } from '../cluster/fixtures/files.ts';
import type { RunOptions } from '../plan/index.ts';
import { choose } from './choose.ts';
import { coloursFor } from './colours.ts';
import { exitStatus } from './exit-status.ts';
import { rerunOf } from './last-run.ts';
import { print, printJson } from './output.ts';
import { printPlan } from './plan-print.ts';
import { planView } from './plan-view.ts';
import { selectedClaims } from './selected-claims.ts';

/** Prints what a run with these options would do, and does nothing of it. @returns the exit status */
export async function planCommand(options: RunOptions): Promise<number> {
  const { selected, former } = await selectedClaims(options);
  const chosen = await choose(options);
  if (former !== undefined) rerunOf(former, chosen, options, []);
  const { choice, driver } = chosen;
  const view = await planView({ options, choice, driver, selected, fixturesWith });
  if (options.json) printJson(view);
  else print(printPlan(view, coloursFor(process.stdout)));
  return exitStatus.fine;
}

async function fixturesWith(clients: readonly string[]): Promise<Manifest[]> {
  return [...(await readFixtures('enrolled', clients)), ...(await readFixtures('outside'))];
}
