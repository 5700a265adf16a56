import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Mesh, ModeName } from '../mesh/index.ts';
import { StepFailure } from './finding.ts';
import { partyOf, skipped, type Trial } from './trial-context.ts';

/** How a diagnostic begins that could not be collected. */
const FAILED = 'this diagnostic failed';

export async function tryEnrolment({ stage: { mesh }, bench, transcript, file }: Trial): Promise<void> {
  if (skipped(transcript, mesh, 'enrol', 'sidecar')) return;
  await transcript.step('enrol', async () => {
    const faults = bench.observer.enrolmentFaults();
    if (faults.length === 0) return `pods of enrolled namespaces show it, and no others do`;
    throw new StepFailure(faults.join('\n'), [
      `enrol in ${file} says what is merged into namespaces, pods and Services: is it what the mesh looks for?`,
      'dataPlane says how enrolment shows: is the name right?',
    ]);
  });
}

export async function tryInvalid({ stage: { mesh }, transcript, file }: Trial): Promise<void> {
  if (skipped(transcript, mesh, 'invalid', 'switch-validation')) return;
  for (const mode of ['permissive', 'egress'] as const) {
    if (mesh.supports(mode) === true) await transcript.step(`invalid ${mode}`, () => tryInvalidOf(mode, mesh, file));
  }
}

async function tryInvalidOf(mode: ModeName, mesh: Mesh, file: string): Promise<string> {
  const tried = await mesh.tryInvalid(mode);
  const accepted = tried.filter(({ refused }) => !refused).map(({ step }) => stringify(step).trimEnd());
  if (tried.length > 0 && accepted.length === 0)
    return `attempts that the API refused: ${tried.length} of ${tried.length}`;
  const what = tried.length === 0 ? 'there is nothing to try' : `the API takes\n${accepted.join('\n')}`;
  throw new StepFailure(what, [`modes.${mode}.invalid in ${file} lists what the API must refuse`]);
}

export async function tryDiagnostics({ stage, bench, transcript, file }: Trial, folder: string): Promise<void> {
  const { mesh, fixtures } = stage;
  await transcript.step('diagnostics', async () => {
    const { app, namespace } = partyOf(fixtures.clients['curl']);
    const files = await mesh.diagnose(folder, [{ namespace, name: bench.observer.podOf(app) }]);
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
    const failed = texts.filter((text) => text.startsWith(FAILED)).map((text) => text.trimEnd());
    if (failed.length === 0) return `${files.length} files in ${folder}`;
    const ofProxy = failed.some((text) => text.includes(`container ${mesh.sidecar} `));
    throw new StepFailure(failed.join('\n'), [
      ofProxy
        ? `the log of ${mesh.sidecar} is always collected, since dataPlane in ${file} names it`
        : `diagnostics in ${file} must work on pods of the mesh`,
    ]);
  });
}

export async function tryUninstall({ stage: { mesh }, transcript, file }: Trial): Promise<void> {
  await transcript.step('uninstall', async () => {
    await mesh.uninstall();
    if (mesh.controlPlane === undefined || !(await mesh.isInstalled())) return 'the control plane is gone';
    throw new StepFailure('the control plane is still there', [`uninstall in ${file} has to remove it, and wait`]);
  });
}
