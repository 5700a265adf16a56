import { type Colours, coloursFor } from '../console/colours.ts';
import { exitStatus } from '../console/exit-status.ts';
import { print, printJson } from '../console/output.ts';
import { readFixtures } from '../fixtures/manifests.ts';
import type { Claim, PlannedClaim } from '../judge/claim.ts';
import type { Manifest } from '../kube/cluster.ts';
import { type Driver, driverTitle } from '../mesh/index.ts';
import type { Choice, RunOptions } from '../options/index.ts';
import { choose } from '../run/machine/choose.ts';
import { clientsFor, scheduled, scripted } from '../run/plan-claims.ts';
import type { SimulatedBatch } from '../schedule/index.ts';
import { rerunOf } from './last-run.ts';
import { selectedClaims } from './selection.ts';

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

/** All that a run would do, known without touching anything. */
export interface PlanView {
  provider: Choice;
  mesh: { name: string; title: string; driver: string };
  claims: Pick<Claim, 'id' | 'title' | 'level' | 'features'>[];
  skip: ({ id: string } & NonNullable<PlannedClaim['skip']>)[];
  /** Which claims begin when, and which changes are made together, if every expectation is met. */
  batches: SimulatedBatch[];
  /** Switches of modes, those inside claims too. */
  switches: number;
  creates: string[];
  changes: string[];
  afterwards: string[];
}

/** What a plan is made from. */
export interface PlanParts {
  options: RunOptions;
  choice: Choice;
  driver: Driver;
  selected: readonly Claim[];
  /** The fixtures' objects as their files give them, with these of the clients that the mesh enrols. */
  fixturesWith(clients: readonly string[]): Promise<Manifest[]>;
}

export async function planView(parts: PlanParts): Promise<PlanView> {
  const { options, choice, driver, selected, fixturesWith } = parts;
  const planned = await scripted(selected, driver, choice.provider);
  const { claims, simulation } = await scheduled(planned, options);
  const fixtures = await fixturesWith(clientsFor(planned, options));
  return {
    provider: choice,
    mesh: { name: driver.spec.name, title: driverTitle(driver), driver: driver.file },
    claims: claims.map(({ claim: { id, title, level, features } }) => ({ id, title, level, features })),
    skip: planned.flatMap(({ claim, skip }) => (skip === undefined ? [] : [{ id: claim.id, ...skip }])),
    batches: simulation.batches,
    switches: simulation.switches,
    creates: [...clusterLines(parts), ...meshLines(parts), ...fixtureLines(choice, fixtures)],
    changes: changeLines(parts),
    afterwards: afterLines(parts),
  };
}

function clusterLines({ options, choice }: PlanParts): string[] {
  if (choice.provider === 'existing') return [`nothing of the cluster: context ${options.context} is taken as it is`];
  if (choice.provider === 'sandbox') return ['a sandbox: processes and namespaces that end with the run'];
  const name = options.clusterName ?? (options.reuse ? 'that a run kept last' : 'meshproof-<run id>');
  if (options.reuse) return [`no cluster: the kind cluster ${name} is taken`];
  const image = options.nodeImage === undefined ? '' : `, node image ${options.nodeImage}`;
  const loaded = options.loadImages.map((ref) => `image ${ref} in the cluster, from the local Docker`);
  return [`kind cluster ${name}${image}`, ...loaded];
}

function meshLines({ options, choice, driver }: PlanParts): string[] {
  const { spec } = driver;
  const isThere = choice.provider === 'existing' || !options.install || options.reuse;
  if (isThere) return [`nothing of the mesh: ${spec.name} is taken as it is there`];
  const commands = spec.install.flatMap((step) => ('run' in step ? [step.run.join(' ')] : []));
  const sets = options.sets.length > 0 ? ` with ${options.sets.join(', ')}` : '';
  return commands.length === 0
    ? [`mesh ${spec.name}`]
    : commands.map((command) => `mesh ${spec.name}: ${command}${sets}`);
}

function fixtureLines(choice: Choice, fixtures: readonly Manifest[]): string[] {
  const prefix = choice.provider === 'existing' ? 'meshproof-<run id>-' : '';
  const objectsOf = new Map<string, string[]>();
  for (const { kind, metadata } of fixtures) {
    const namespace = kind === 'Namespace' ? metadata.name : (metadata.namespace ?? 'default');
    const objects = objectsOf.get(namespace) ?? [];
    if (kind !== 'Namespace') objects.push(`${kind} ${metadata.name}`);
    objectsOf.set(namespace, objects);
  }
  return [...objectsOf].map(([namespace, objects]) => `namespace ${prefix}${namespace}: ${objects.join(', ')}`);
}

function changeLines({ driver, selected }: PlanParts): string[] {
  const settings = Object.entries(driver.spec.modes).map(([mode, { setting }]) => {
    if (setting === undefined) return `mode ${mode}, by the driver's steps`;
    const { kind, name, namespace } = setting.object;
    const where = namespace === undefined ? '' : ` in ${namespace}`;
    return `mode ${mode}: ${kind} ${name}${where}, ${setting.path.join('.')}`;
  });
  const needsPolicy = selected.some((claim) => claim.features.some((feature) => feature.endsWith('-policy')));
  return needsPolicy ? [...settings, "policies in the fixtures' namespaces, made and deleted by the claims"] : settings;
}

function afterLines({ options, choice }: PlanParts): string[] {
  if (choice.provider === 'existing') {
    return ['the namespaces made are deleted', 'each setting is put back to its value, or absence, from before'];
  }
  if (choice.provider === 'sandbox') return ['the sandbox ends'];
  return [options.keep || options.reuse ? 'the kind cluster stays' : 'the kind cluster is deleted'];
}

/** The plan for people. */
export function printPlan(plan: PlanView, colours: Colours): string {
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [colours.bold(title), ...lines.map((line) => `  ${line}`), ''];
  const claims = plan.claims.flatMap((claim) => [
    `${colours.cyan(claim.id)}${claim.level === 'extended' ? ' (extended)' : ''}`,
    `  ${claim.title}`,
    ...(claim.features.length > 0 ? [colours.dim(`  needs ${claim.features.join(', ')}`)] : []),
  ]);
  const batches = plan.batches.flatMap(({ changes, begin }, index) => [
    ...changes.map((change, i) => colours.yellow(`${i === 0 ? String(index + 1).padStart(3) : '   '} ${change}`)),
    ...(begin.length > 0 ? [`    begin: ${begin.join(', ')}`] : []),
  ]);
  return `${[
    `cluster: ${colours.bold(plan.provider.provider)} (${plan.provider.reason})`,
    `mesh: ${colours.bold(plan.mesh.name)}, ${plan.mesh.title}, ${plan.mesh.driver}`,
    '',
    ...section('Would be created', plan.creates),
    ...section('Would be changed', plan.changes),
    ...section('Would run', claims),
    ...section(`Would change, side by side where claims can be, with ${times(plan.switches)}`, batches),
    ...section(
      'Would not run',
      plan.skip.map(({ id, verdict, reason }) => `${id}: ${verdict}, ${reason}`),
    ),
    ...section('Afterwards', plan.afterwards),
    'Nothing was touched.',
  ].join('\n')}\n`;
}

function times(switches: number): string {
  return switches === 1 ? '1 switch of modes' : `${switches} switches of modes`;
}
