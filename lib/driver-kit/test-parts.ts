import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Expected, plainRoute, type RouteSpec } from '../judge/index.ts';
import { type DoneStep, type Mesh, type ModeName, modeNames } from '../mesh/index.ts';
import type { TestEnvironment } from '../run/bring-up.ts';
import type { RouteJudge } from './route-judge.ts';
import { PartFailure, type Transcript } from './transcript.ts';

/** What the parts of one driver are tested with. */
export interface DriverTest {
  environment: TestEnvironment;
  judge: RouteJudge;
  transcript: Transcript;
  /** The driver's file, for hints. */
  file: string;
  /** The modes as last switched. */
  modes: Record<ModeName, boolean>;
}

const toMesh = (client: string): RouteSpec[] => [plainRoute(client, 'httpbin'), plainRoute(client, 'tcp-echo')];
const toEgressTargets = [plainRoute('curl', 'egress-target-httpbin'), plainRoute('curl', 'egress-target-tcp-echo')];

/** Reports a part as skipped if the driver does not support its feature. */
export function skipped({ transcript, environment }: DriverTest, title: string, feature: string): boolean {
  const answer = environment.mesh.supports(feature);
  if (answer !== true) transcript.skip(title, `not tested, ${feature} is not supported: ${answer.reason}`);
  return answer !== true;
}

export async function testEnrolment(test: DriverTest): Promise<void> {
  if (skipped(test, 'enrol', 'sidecar')) return;
  const { judge, transcript, file } = test;
  await transcript.part('enrol', async () => {
    const faults = judge.observer.enrolmentFaults();
    if (faults.length === 0) return 'pods of enrolled namespaces show it, and no others do';
    throw new PartFailure(faults.join('\n'), [
      `enrol in ${file} is merged into namespaces, pods and Services: is it what the mesh looks for?`,
      'dataPlane says how enrolment shows: is the name right?',
    ]);
  });
}

export async function testModes(test: DriverTest, mode: ModeName): Promise<void> {
  if (skipped(test, mode, mode)) return;
  const [values, routes] =
    mode === 'permissive' ? [[true, false, true, false], toMesh('curl')] : [[true, false, true], toEgressTargets];
  const passed: boolean[] = [];
  for (const value of values) passed.push(await testSwitch(test, mode, value, routes));
  if (passed.includes(true)) return;
  test.transcript.detail(`no switch of ${mode} took effect: are on and off swapped, or is it another setting?`);
}

function testSwitch(test: DriverTest, mode: ModeName, value: boolean, routes: readonly RouteSpec[]): Promise<boolean> {
  const { environment, judge, transcript, file } = test;
  const side = value ? 'on' : 'off';
  return transcript.part(`${mode} ${side}`, async () => {
    const done = await switchTo(test, mode, value);
    const expected = routes.map((each): [RouteSpec, Expected] => [each, value ? 'answered' : 'refused']);
    const steps = done.map(({ ms: _, ...step }) => `\n${stringify(step).trimEnd()}`);
    return judge.expect(expected, environment.mesh.budget(mode), [
      `modes.${mode}.${side} in ${file} did${steps.join('') || ' nothing'}`,
      `is it right? if it is right and only slow, raise modes.${mode}.converges or settles`,
    ]);
  });
}

/** Switches a mode, and does to the fixtures what the switch needs to act. */
async function switchTo(
  { environment, judge, modes }: DriverTest,
  mode: ModeName,
  value: boolean,
): Promise<DoneStep[]> {
  const { mesh } = environment;
  modes[mode] = value;
  const effect = mesh.effect?.(mode) ?? 'hot';
  if (effect === 'hot') return mesh.switchMode(mode, value);
  let done: DoneStep[] = [];
  await judge.observer.onPurpose(async () => {
    if (effect === 'reinstall') await environment.reinstall(modes);
    else {
      done = await mesh.switchMode(mode, value);
      await environment.restart();
    }
    // What the switch itself stops is no environment fault. The switch ends only when the controls answer again.
    await judge.untilWhole();
  });
  return done;
}

export async function testUnmeshedClient(test: DriverTest): Promise<void> {
  if (skipped(test, 'unmeshed-client', 'strict-mtls')) return;
  const { environment, judge, transcript, file } = test;
  await transcript.part('unmeshed-client', async () => {
    await switchTo(test, 'permissive', true);
    const refused = toMesh('unmeshed-client').map((route): [RouteSpec, Expected] => [route, 'refused']);
    return judge.expect(
      [[plainRoute('curl', 'httpbin'), 'answered'], ...refused],
      environment.mesh.budget('permissive'),
      [`install in ${file} must make servers of the mesh accept mutual TLS only`],
    );
  });
}

export async function testInvalid(test: DriverTest): Promise<void> {
  if (skipped(test, 'invalid', 'switch-validation')) return;
  const { environment, transcript, file } = test;
  for (const mode of modeNames.filter((name) => environment.mesh.supports(name) === true)) {
    await transcript.part(`invalid ${mode}`, () => testInvalidOf(mode, environment.mesh, file));
  }
}

async function testInvalidOf(mode: ModeName, mesh: Mesh, file: string): Promise<string> {
  const attempts = await mesh.testInvalid(mode);
  const accepted = attempts.filter(({ refused }) => !refused).map(({ step }) => stringify(step).trimEnd());
  if (attempts.length > 0 && accepted.length === 0) return `the API refused all ${attempts.length} attempts`;
  const what = attempts.length === 0 ? 'there is nothing to test' : `the API accepts\n${accepted.join('\n')}`;
  throw new PartFailure(what, [`modes.${mode}.invalid in ${file} lists what the API must refuse`]);
}

export async function testDiagnostics(test: DriverTest, folder: string): Promise<void> {
  const { environment, judge, transcript, file } = test;
  const { mesh, fixtures } = environment;
  await transcript.part('diagnostics', async () => {
    const { namespace } = actorOf(fixtures.clients, 'curl');
    const files = await mesh.diagnose(folder, [{ namespace, name: judge.observer.podOf('curl') }]);
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
    const failed = texts.filter((text) => text.startsWith('this diagnostic failed')).map((text) => text.trimEnd());
    if (failed.length === 0) return `${files.length} files in ${folder}`;
    const isProxys = failed.some((text) => text.includes(`container ${mesh.sidecar} `));
    const hint = isProxys
      ? `the log of ${mesh.sidecar} is always collected, since dataPlane in ${file} names it`
      : `diagnostics in ${file} must work on pods of the mesh`;
    throw new PartFailure(failed.join('\n'), [hint]);
  });
}

export async function testUninstall({ environment: { mesh }, transcript, file }: DriverTest): Promise<void> {
  await transcript.part('uninstall', async () => {
    await mesh.uninstall();
    if (mesh.controlPlane === undefined || !(await mesh.isInstalled())) return 'the control plane is gone';
    throw new PartFailure('the control plane still exists', [`uninstall in ${file} has to remove it, and wait`]);
  });
}

export function actorOf<T>(actors: Readonly<Record<string, T>>, app: string): T {
  const actor = actors[app];
  if (actor === undefined) throw new Error(`the fixtures have no ${app}`);
  return actor;
}
