import { type Colours, coloursFor } from '../console/colours.ts';
import { exitStatus } from '../console/exit-status.ts';
import { print, printJson } from '../console/output.ts';
import { readFixtures } from '../fixtures/manifests.ts';
import type { Claim } from '../judge/claim.ts';
import type { Manifest } from '../kube/cluster.ts';
import { type Driver, driverTitle } from '../mesh/index.ts';
import type { Choice, RunOptions } from '../options/index.ts';
import { choose } from '../run/machine/choose.ts';
import { fixturesFor, scheduled, scripted } from '../run/plan-claims.ts';
import { rerunOf } from './last-run.ts';
import { selectedClaims } from './selection.ts';

/** Prints what a run with these options would do, and does none of it. @returns the exit status */
export async function dryRunCommand(options: RunOptions): Promise<number> {
  const { selected, former } = await selectedClaims(options);
  const chosen = await choose(options);
  if (former !== undefined) rerunOf(former, chosen, options, []);
  const dryRun = await dryRunOf({ options, ...chosen, selected, fixturesWith });
  if (options.json) printJson(dryRun);
  else print(dryRunText(dryRun, coloursFor(process.stdout)));
  return exitStatus.fine;
}

async function fixturesWith(enrolled: readonly string[]): Promise<Manifest[]> {
  return [...(await readFixtures('enrolled', enrolled)), ...(await readFixtures('unmeshed'))];
}

/** All that a run would do, known without touching anything. */
export type DryRun = Awaited<ReturnType<typeof dryRunOf>>;

interface DryRunInput {
  options: RunOptions;
  choice: Choice;
  driver: Driver;
  selected: readonly Claim[];
  /** The fixtures' objects as their files give them, with these of the enrolled ones. */
  fixturesWith(enrolled: readonly string[]): Promise<Manifest[]>;
}

export async function dryRunOf(input: DryRunInput) {
  const { options, choice, driver, selected } = input;
  const planned = await scripted(selected, driver, choice.provider, options);
  const { claims, simulation } = await scheduled(planned, options);
  const fixtures = await input.fixturesWith(await fixturesFor(planned, options));
  return {
    provider: choice,
    mesh: { name: driver.spec.name, title: driverTitle(driver), driver: driver.file },
    claims: claims.map(({ claim: { id, title, level, features } }) => ({ id, title, level, features })),
    skip: planned.flatMap(({ claim, skip }) => (skip === undefined ? [] : [{ id: claim.id, ...skip }])),
    /** Whether each claim ends before the next one begins. */
    serial: claims.every(({ resourceUse }) => resourceUse.alone),
    /** Which claims begin when, and which changes are made together, if every expectation is met. */
    batches: simulation.batches,
    /** Switches of modes, those inside claims too. */
    switches: simulation.switches,
    creates: [...clusterLines(input), ...meshLines(input), ...fixtureLines(choice, fixtures)],
    changes: changeLines(input),
    afterwards: afterwardsLines(input),
  };
}

function clusterLines({ options, choice }: DryRunInput): string[] {
  if (choice.provider === 'existing') return [`no cluster: the run uses context ${options.context}`];
  if (choice.provider === 'sandbox') return ['a sandbox: processes and namespaces that end with the run'];
  const name = options.clusterName ?? (options.reuse ? 'that a run kept last' : 'meshproof-<run id>');
  if (options.reuse) return [`no cluster: the run uses the kind cluster ${name}`];
  const image = options.nodeImage === undefined ? '' : `, node image ${options.nodeImage}`;
  const loaded = options.loadImages.map((ref) => `image ${ref} in the cluster, from the local Docker`);
  return [`kind cluster ${name}${image}`, ...loaded];
}

function meshLines({ options, choice, driver }: DryRunInput): string[] {
  const { spec } = driver;
  const isThere = choice.provider === 'existing' || !options.install || options.reuse;
  if (isThere) return [`no mesh: the run uses the ${spec.name} that is there`];
  const commands = spec.install.flatMap((step) => ('run' in step ? [step.run.join(' ')] : []));
  if (commands.length === 0) return [`mesh ${spec.name}`];
  const sets = options.sets.length > 0 ? ` with ${options.sets.join(', ')}` : '';
  return commands.map((command) => `mesh ${spec.name}: ${command}${sets}`);
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

function changeLines({ driver, selected }: DryRunInput): string[] {
  const settings = Object.entries(driver.spec.modes).map(([mode, { setting }]) => {
    if (setting === undefined) return `mode ${mode}, by the driver's steps`;
    const { kind, name, namespace } = setting.object;
    const where = namespace === undefined ? '' : ` in ${namespace}`;
    return `mode ${mode}: ${kind} ${name}${where}, ${setting.path.join('.')}`;
  });
  const needsPolicy = selected.some((claim) => claim.features.some((feature) => feature.endsWith('-policy')));
  return needsPolicy ? [...settings, "policies in the fixtures' namespaces, made and deleted by the claims"] : settings;
}

function afterwardsLines({ options, choice }: DryRunInput): string[] {
  if (choice.provider === 'existing') {
    return ["the run deletes its namespaces, and restores each setting's value or absence from before"];
  }
  if (choice.provider === 'sandbox') return ['the sandbox ends'];
  return [options.keep || options.reuse ? 'the kind cluster stays' : 'the run deletes the kind cluster'];
}

/** The dry run for people. */
export function dryRunText(dryRun: DryRun, colours: Colours): string {
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [colours.bold(title), ...lines.map((line) => `  ${line}`), ''];
  const claims = dryRun.claims.flatMap((claim) => [
    `${colours.cyan(claim.id)}${claim.level === 'extended' ? ' (extended)' : ''}`,
    `  ${claim.title}`,
    ...(claim.features.length > 0 ? [colours.dim(`  needs ${claim.features.join(', ')}`)] : []),
  ]);
  const batches = dryRun.batches.flatMap(({ changes, begin }, index) => [
    ...changes.map((change, i) => colours.yellow(`${i === 0 ? String(index + 1).padStart(3) : '   '} ${change}`)),
    ...(begin.length > 0 ? [`    begin: ${begin.join(', ')}`] : []),
  ]);
  const how = dryRun.serial ? 'one claim at a time' : 'side by side where claims can be';
  const switches = `${dryRun.switches} switch${dryRun.switches === 1 ? '' : 'es'} of modes`;
  const lines = [
    `cluster: ${colours.bold(dryRun.provider.provider)} (${dryRun.provider.reason})`,
    `mesh: ${colours.bold(dryRun.mesh.name)}, ${dryRun.mesh.title}, ${dryRun.mesh.driver}`,
    '',
    ...section('Would be created', dryRun.creates),
    ...section('Would be changed', dryRun.changes),
    ...section('Would run', claims),
    ...section(`Would change, ${how}, with ${switches}`, batches),
    ...section(
      'Would not run',
      dryRun.skip.map(({ id, verdict, reason }) => `${id}: ${verdict}, ${reason}`),
    ),
    ...section('Afterwards', dryRun.afterwards),
    'Nothing was touched.',
  ];
  return `${lines.join('\n')}\n`;
}
