import type { RunSummary } from './summary.ts';

/** What a reader must know before any verdict: this run is not what it may be taken for. */
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
      : [{ title: 'Faulty on purpose', text: `The sandbox was given the fault ${sandboxFault} (--sandbox-fault).` }]),
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
