import { runProblems } from './exit.ts';
import type { RunSummary } from './summary.ts';

/** What a reader must know before any verdict. */
export interface Warning {
  title: string;
  text: string;
}

/** The driver that comes with the program for a run without a mesh. */
const NONE = 'none';

/** Every report shows them first, whatever its format. */
export function warnings({ sandbox, provider, sandboxFault, mesh }: RunSummary): Warning[] {
  const list: Warning[] = [];
  const warn = (title: string, text: string) => list.push({ title, text });
  if (sandbox) {
    const where = provider === 'sandbox' ? 'in the built-in sandbox' : `in a sandbox, taken as provider ${provider}`;
    warn('Sandbox', `This run was ${where}. It says nothing about a real mesh.`);
  }
  if (sandboxFault !== undefined) {
    warn('Deliberate fault', `The sandbox has the fault ${sandboxFault} (--sandbox-fault).`);
  }
  if (mesh.name === NONE) {
    warn('No mesh', 'Nothing was installed: this run is the negative control, and claims are expected to fail.');
  }
  if (mesh.verified === false) {
    warn('Unverified driver', 'It was never seen working: what failed may be its mistake, and not the mesh.');
  }
  return list;
}

/** The same as sentences. */
export function warningTexts(summary: RunSummary): string[] {
  return warnings(summary).map(({ title, text }) => `${title}. ${text}`);
}

/** A mesh's name in a sentence; without one the run says so. */
export function meshName(name: string): string {
  return name === NONE ? 'no mesh' : name;
}

/** The mesh under test as a title has it: its name and the version that was observed, and the fault that it was given. */
export function meshTitle({ mesh, sandboxFault }: RunSummary): string {
  if (mesh.name === '') return 'Run';
  const title = mesh.name === NONE ? 'No mesh' : `${mesh.name} ${mesh.version ?? '(version not observed)'}`;
  return sandboxFault === undefined ? title : `${title} with the fault ${sandboxFault}`;
}

/** What every report says about its run, so that no reader takes its verdicts for those of another mesh. */
export function runProperties(summary: RunSummary): Record<string, string> {
  const { mesh, sandboxFault } = summary;
  const verified = mesh.verified ? 'true' : 'false: this driver was never seen working';
  const texts = warningTexts(summary);
  const problems = runProblems(summary);
  return {
    run: summary.runId,
    mesh: mesh.name,
    'mesh.version': mesh.version ?? 'not observed',
    'driver.version': mesh.declared ?? 'not known',
    'under test': meshTitle(summary),
    'driver.verified': mesh.verified === undefined ? 'not known' : verified,
    provider: summary.provider,
    kubernetes: summary.kubernetes ?? 'not observed',
    sandbox: summary.sandbox ? 'true: this run says nothing about a real mesh' : 'false',
    meshproof: summary.version,
    ...(sandboxFault === undefined ? {} : { 'sandbox.fault': sandboxFault }),
    ...(texts.length === 0 ? {} : { warning: texts.join(' ') }),
    ...(problems.length === 0 ? {} : { problem: problems.join('; ') }),
  };
}
