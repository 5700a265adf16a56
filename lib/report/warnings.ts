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
  const where = provider === 'sandbox' ? 'in the built-in sandbox' : `in a sandbox, taken as provider ${provider}`;
  return [
    ...(sandbox ? [{ title: 'Sandbox', text: `This run was ${where}. It says nothing about a real mesh.` }] : []),
    ...(sandboxFault === undefined
      ? []
      : [{ title: 'Deliberate fault', text: `The sandbox has the fault ${sandboxFault} (--sandbox-fault).` }]),
    ...(mesh.name === NONE
      ? [
          {
            title: 'No mesh',
            text: 'Nothing was installed: this run is the negative control, and claims are expected to fail.',
          },
        ]
      : []),
    ...(mesh.verified === false
      ? [
          {
            title: 'Unverified driver',
            text: 'It was never seen working: what failed may be its mistake, and not the mesh.',
          },
        ]
      : []),
  ];
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
  const properties: Record<string, string> = {
    run: summary.runId,
    mesh: summary.mesh.name,
    'mesh.version': summary.mesh.version ?? 'not observed',
    'driver.version': summary.mesh.declared ?? 'not known',
    'under test': meshTitle(summary),
    'driver.verified': driverWords(summary.mesh.verified),
    provider: summary.provider,
    kubernetes: summary.kubernetes ?? 'not observed',
    sandbox: summary.sandbox ? 'true: this run says nothing about a real mesh' : 'false',
    meshproof: summary.version,
  };
  if (summary.sandboxFault !== undefined) properties['sandbox.fault'] = summary.sandboxFault;
  const texts = warnings(summary).map(({ title, text }) => `${title}. ${text}`);
  if (texts.length > 0) properties['warning'] = texts.join(' ');
  const problems = runProblems(summary);
  if (problems.length > 0) properties['problem'] = problems.join('; ');
  return properties;
}

function driverWords(verified: boolean | undefined): string {
  if (verified === undefined) return 'not known';
  return verified ? 'true' : 'false: this driver was never seen working';
}
