import { stringify } from 'yaml';
import type { RouteSpec } from '../judge/index.ts';
import type { DoneStep, ModeName } from '../mesh/index.ts';
import type { Wanted } from './bench.ts';
import { hello, inMesh, outside, request, skipped, type Trial } from './trial-context.ts';

export async function tryPermissive(trial: Trial): Promise<void> {
  const { stage, transcript } = trial;
  if (skipped(transcript, stage.mesh, 'permissive', 'permissive')) return;
  await trySwitches(trial, 'permissive', [true, false, true, false], inMesh);
}

export async function tryEgress(trial: Trial): Promise<void> {
  const { stage, transcript } = trial;
  if (skipped(transcript, stage.mesh, 'egress', 'egress')) return;
  await trySwitches(trial, 'egress', [true, false, true], outside);
}

export async function tryUnmeshedClient(trial: Trial): Promise<void> {
  const { stage, bench, transcript, file } = trial;
  const { mesh } = stage;
  if (skipped(transcript, mesh, 'unmeshed-client', 'strict-mtls')) return;
  await transcript.step('unmeshed-client', async () => {
    await switchTo(trial, 'permissive', true);
    return bench.comes(
      [
        [request('curl'), 'answered'],
        [request('unmeshed-client'), 'refused'],
        [hello('unmeshed-client'), 'refused'],
      ],
      mesh.budget('permissive'),
      [`install in ${file} must see to it that servers of the mesh take mutual TLS only`],
    );
  });
}

async function trySwitches(
  trial: Trial,
  mode: ModeName,
  values: readonly boolean[],
  routes: readonly RouteSpec[],
): Promise<void> {
  const worked: boolean[] = [];
  for (const value of values) worked.push(await trySwitch(trial, mode, value, routes));
  if (worked.includes(true)) return;
  trial.transcript.detail(`no switch of ${mode} did what it is for: are on and off swapped, or is it another setting?`);
}

async function trySwitch(trial: Trial, mode: ModeName, value: boolean, routes: readonly RouteSpec[]): Promise<boolean> {
  const { stage, bench, transcript, file } = trial;
  const side = value ? 'on' : 'off';
  return transcript.step(`${mode} ${side}`, async () => {
    const done = await switchTo(trial, mode, value);
    const wanted = routes.map((each): [RouteSpec, Wanted] => [each, value ? 'answered' : 'refused']);
    return bench.comes(wanted, stage.mesh.budget(mode), [
      `modes.${mode}.${side} in ${file} did${steps(done)}`,
      `was it the right thing? if it was, and only slow: raise modes.${mode}.converges or settles`,
    ]);
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

function steps(done: readonly DoneStep[]): string {
  const texts = done.map(({ ms: _, ...step }) => stringify(step).trimEnd());
  return texts.length === 0 ? ' nothing' : `\n${texts.join('\n')}`;
}
