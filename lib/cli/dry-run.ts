import { coloursFor } from '../console/colours.ts';
import { exitStatus } from '../console/exit-status.ts';
import { print, printJson } from '../console/output.ts';
import { readFixtures } from '../fixtures/manifests.ts';
import type { Manifest } from '../kube/cluster.ts';
import type { RunOptions } from '../options/index.ts';
import { choose } from '../run/machine/choose.ts';
import { printPlan } from './dry-run-print.ts';
import { planView } from './dry-run-view.ts';
import { rerunOf } from './last-run.ts';
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
  return [...(await readFixtures('enrolled', clients)), ...(await readFixtures('unmeshed'))];
}
