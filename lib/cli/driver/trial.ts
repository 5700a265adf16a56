import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { RouteSpec } from '../../claim/index.ts';
import type { Manifest, ProviderName } from '../../cluster/cluster.ts';
import type { Actor } from '../../cluster/fixtures/index.ts';
import type { DoneStep, Mesh, ModeName } from '../../mesh/index.ts';
import { bringUp, type Stage } from '../conductor/bring-up.ts';
import type { RunContext } from '../conductor/context.ts';
import type { Stand } from '../conductor/stand.ts';
import { Bench, type Wanted } from './bench.ts';
import { StepFailure, type Transcript } from './transcript.ts';

const route = (client: string, to: string, protocol: 'http' | 'tcp', port: number): RouteSpec => ({
  client,
  to,
  protocol,
  port,
  by: 'name',
  manner: 'plain',
});
const request = (client: string): RouteSpec => route(client, 'httpbin', 'http', 14001);
const hello = (client: string): RouteSpec => route(client, 'tcp-echo', 'tcp', 9000);
/** All that is asked of a driver is asked of these. */
const CLIENTS = ['curl', 'visitor'];
const inMesh = [request('curl'), hello('curl')];
const outside = [route('curl', 'outside-httpbin', 'http', 14001), route('curl', 'outside-tcp-echo', 'tcp', 9000)];
const policies = [
  { protocol: 'tcp', server: 'tcp-echo', port: 9000, to: hello },
  { protocol: 'http', server: 'httpbin', port: 14001, to: request },
] as const;

/** What one driver's trial is made with. */
interface Trial {
  stage: Stage;
  bench: Bench;
  transcript: Transcript;
  /** Where the driver's author finds its fields. */
  file: string;
  /** As last set. */
  modes: Record<ModeName, boolean>;
  /** Of every time limit. */
  scale: number;
}

/** How a diagnostic begins that could not be collected. */
const FAILED = 'this diagnostic failed';

/**
 * Does every part of a driver once, in the order in which a run needs them.
 * @param onStand called as soon as there is a cluster, so that it can be taken down whatever happens afterwards
 * @throws MeshError where the mesh does not come up; what cluster and fixtures throw
 */
export async function trialOf(
  run: RunContext,
  provider: ProviderName,
  transcript: Transcript,
  onStand: (stand: Stand) => void,
): Promise<void> {
  let stage: Stage | undefined;
  await transcript.step('install', async () => {
    stage = await bringUp(run, provider, CLIENTS, onStand);
    return installed(stage.mesh);
  });
  if (stage === undefined) return;
  const bench = new Bench(run, stage);
  const modes = { permissive: true, egress: true };
  const scale = run.options.timeoutScale;
  const trial: Trial = { stage, bench, transcript, file: run.driver.file, modes, scale };
  try {
    await bench.calm(scale);
    await tryEnrolment(trial);
    await tryPermissive(trial);
    for (const policy of policies) await tryPolicy(trial, policy);
    await tryOutsider(trial);
    await tryEgress(trial);
    await tryInvalid(trial);
    await tryDiagnostics(trial, run.folder.cluster);
  } finally {
    bench.close();
  }
  await tryUninstall(trial);
}

async function installed(mesh: Mesh): Promise<string> {
  const version = await mesh.observedVersion();
  const declared = mesh.declaredVersion;
  const difference = version === declared ? '' : `; the driver declares ${declared}`;
  return `${mesh.project} is there, version ${version}${difference}`;
}

async function tryEnrolment({ stage: { mesh }, bench, transcript, file }: Trial): Promise<void> {
  if (skipped(transcript, mesh, 'enrol', 'sidecar')) return;
  await transcript.step('enrol', async () => {
    const faults = bench.world.enrolmentFaults();
    if (faults.length === 0) return `pods of enrolled namespaces show it, and no others do`;
    throw new StepFailure(faults.join('\n'), [
      `enrol in ${file} says what is merged into namespaces, pods and Services: is it what the mesh looks for?`,
      'dataPlane says how enrolment shows: is the name right?',
    ]);
  });
}

async function tryPermissive(trial: Trial): Promise<void> {
  const { stage, transcript } = trial;
  if (skipped(transcript, stage.mesh, 'permissive', 'permissive')) return;
  for (const value of [true, false, true, false]) {
    await trySwitch(trial, 'permissive', value, inMesh);
  }
}

async function tryEgress(trial: Trial): Promise<void> {
  const { stage, transcript } = trial;
  if (skipped(transcript, stage.mesh, 'egress', 'egress')) return;
  for (const value of [true, false, true]) await trySwitch(trial, 'egress', value, outside);
}

async function trySwitch(trial: Trial, mode: ModeName, value: boolean, routes: readonly RouteSpec[]): Promise<boolean> {
  const { stage, bench, transcript, file } = trial;
  const side = value ? 'on' : 'off';
  return transcript.step(`${mode} ${side}`, async () => {
    const done = await switchTo(trial, mode, value);
    const wanted = routes.map((each): [RouteSpec, Wanted] => [each, value ? 'answered' : 'refused']);
    return bench.comes(wanted, stage.mesh.budget(mode), [
      `modes.${mode}.${side} in ${file} did ${steps(done)}`,
      `was it the right thing? if it was, and only slow: raise modes.${mode}.converges or settles`,
    ]);
  });
}

/** Permissive mode is off: a policy lets one client in and nobody else, and its deletion ends that. */
async function tryPolicy(trial: Trial, policy: (typeof policies)[number]): Promise<void> {
  const { stage, bench, transcript, file } = trial;
  const { cluster, mesh, fixtures } = stage;
  const { protocol, server, port, to } = policy;
  if (skipped(transcript, mesh, `allow ${protocol}`, `${protocol}-policy`)) return;
  const { route: routes, target } = mesh.allow({
    name: `curl-to-${server}-${port}`,
    client: partyOf(fixtures.clients['curl']),
    server: partyOf(fixtures.servers[server]),
    port,
    protocol,
  });
  const objects = [...routes, ...target];
  const hints = [`policy.allow.${protocol} in ${file} made these objects:\n${objects.map(objectText).join('---\n')}`];
  const isAllowed = await transcript.step(`allow ${protocol}`, async () => {
    for (const object of objects) await cluster.apply(object);
    return bench.comes(
      [
        [to('curl'), 'answered'],
        [to('visitor'), 'refused'],
      ],
      mesh.budget('policy'),
      hints,
    );
  });
  await transcript.step(`forbid ${protocol}`, async () => {
    for (const object of [...objects].reverse()) await cluster.delete(refOf(object));
    const outcome = await bench.comes([[to('curl'), 'refused']], mesh.budget('policy'), hints);
    return isAllowed ? outcome : `${outcome}; but it was never allowed`;
  });
}

async function tryOutsider(trial: Trial): Promise<void> {
  const { stage, bench, transcript, file } = trial;
  const { mesh } = stage;
  if (skipped(transcript, mesh, 'outsider', 'strict-mtls')) return;
  await transcript.step('outsider', async () => {
    await switchTo(trial, 'permissive', true);
    return bench.comes(
      [
        [request('curl'), 'answered'],
        [request('outsider'), 'refused'],
        [hello('outsider'), 'refused'],
      ],
      mesh.budget('permissive'),
      [`install in ${file} must see to it that servers of the mesh take mutual TLS only`],
    );
  });
}

async function tryInvalid({ stage: { mesh }, transcript, file }: Trial): Promise<void> {
  if (skipped(transcript, mesh, 'invalid', 'switch-validation')) return;
  await transcript.step('invalid', async () => {
    const tried = await mesh.tryInvalid('permissive');
    const accepted = tried.filter(({ refused }) => !refused).map(({ step }) => JSON.stringify(step));
    if (tried.length > 0 && accepted.length === 0) return `the API refuses all ${tried.length}`;
    const what = tried.length === 0 ? 'there is nothing to try' : `the API takes ${accepted.join(', ')}`;
    throw new StepFailure(what, [`modes.permissive.invalid in ${file} lists what the API must refuse`]);
  });
}

async function tryDiagnostics({ stage, bench, transcript, file }: Trial, folder: string): Promise<void> {
  const { mesh, fixtures } = stage;
  await transcript.step('diagnostics', async () => {
    const { app, namespace } = partyOf(fixtures.clients['curl']);
    const files = await mesh.diagnose(folder, [{ namespace, name: bench.world.podOf(app) }]);
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
    const failed = texts.filter((text) => text.startsWith(FAILED)).map((text) => text.trimEnd());
    if (failed.length === 0) return `${files.length} files in ${folder}`;
    throw new StepFailure(failed.join('\n'), [`diagnostics in ${file} must work on pods of the mesh`]);
  });
}

async function tryUninstall({ stage: { mesh }, transcript, file }: Trial): Promise<void> {
  await transcript.step('uninstall', async () => {
    await mesh.uninstall();
    if (mesh.controlPlane === undefined || !(await mesh.isInstalled())) return 'the control plane is gone';
    throw new StepFailure('the control plane is still there', [`uninstall in ${file} has to remove it, and wait`]);
  });
}

/** Switches a mode, and does to the fixtures what the switch needs to act. */
async function switchTo({ stage, bench, modes, scale }: Trial, mode: ModeName, value: boolean): Promise<DoneStep[]> {
  const { mesh } = stage;
  modes[mode] = value;
  const effect = mesh.effect?.(mode) ?? 'hot';
  if (effect === 'hot') return mesh.switchMode(mode, value);
  let done: DoneStep[] = [];
  if (effect === 'reinstall') await stage.reinstall(modes);
  else {
    done = await mesh.switchMode(mode, value);
    await stage.restart();
  }
  await bench.calm(scale);
  return done;
}

function skipped(transcript: Transcript, mesh: Mesh, title: string, feature: string): boolean {
  const answer = mesh.supports(feature);
  if (answer !== true) transcript.skip(title, `not tried, ${feature} is not supported: ${answer.reason}`);
  return answer !== true;
}

function steps(done: readonly DoneStep[]): string {
  return done.length === 0 ? 'nothing' : `\n${done.map((step) => stringify(step).trimEnd()).join('\n')}`;
}

function objectText(object: Manifest): string {
  return stringify(object);
}

function partyOf(actor: Actor | undefined) {
  if (actor === undefined) throw new Error('the fixtures lack an actor of the trial');
  const { namespace, serviceAccount, app } = actor;
  return { namespace, serviceAccount, app };
}

function refOf({ apiVersion, kind, metadata: { name, namespace } }: Manifest) {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}
