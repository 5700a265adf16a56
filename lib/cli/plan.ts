import type { Manifest } from '../cluster/cluster.ts';
import { readFixtures } from '../cluster/fixtures/files.ts';
import { loadDriver } from '../mesh/index.ts';
import { chooseProvider, defaultMesh, type RunOptions } from '../plan/index.ts';
import { coloursFor } from './colours.ts';
import { gatherFacts } from './doctor/machine-facts.ts';
import { exitStatus } from './exit-status.ts';
import { meshOnKind, toolsOfMesh } from './meshes.ts';
import { planJson, printPlan } from './plan-print.ts';
import { planView } from './plan-view.ts';
import { selectedClaims } from './selected-claims.ts';

/** Prints what a run with these options would do, and does nothing of it. @returns the exit status */
export async function planCommand(options: RunOptions): Promise<number> {
  const selected = await selectedClaims(options);
  const tools = await toolsOfMesh(meshOnKind(options));
  const facts = await gatherFacts(
    Object.fromEntries(tools.map((tool) => [tool, [meshOnKind(options)]])),
    options.provider,
  );
  const choice = chooseProvider(options, facts, tools);
  const driver = await loadDriver(options.mesh ?? defaultMesh(choice.provider));
  const view = await planView({ options, choice, driver, selected, fixturesWith });
  process.stdout.write(options.json ? planJson(view) : printPlan(view, coloursFor(process.stdout)));
  return exitStatus.fine;
}

async function fixturesWith(clients: readonly string[]): Promise<Manifest[]> {
  return [...(await readFixtures('enrolled', clients)), ...(await readFixtures('outside'))];
}
