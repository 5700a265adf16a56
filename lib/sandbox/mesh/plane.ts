import { parseArgs } from 'node:util';
import type { AdmissionRequest, Manifest, ObjectView } from '../contract.ts';
import type { ControlFault } from '../faults/fault.ts';
import { controlFault } from '../faults/index.ts';
import type { Authority } from '../pki.ts';
import { admitToMesh } from './admission.ts';
import { Controller } from './controller.ts';

const ACT_AFTER = '200ms';

export interface MeshPlaneOptions {
  view(): ObjectView;
  authority: Authority;
  /** What the mesh does wrong on purpose, by its name in lib/sandbox/faults. */
  fault: string | undefined;
  complain(message: string): void;
}

/** The reference mesh's control plane, which lives for as long as a container of its controller's image runs. */
export class MeshPlane {
  readonly #options: MeshPlaneOptions;
  readonly #controllers = new Set<Controller>();
  readonly #fault: ControlFault & { name?: string };

  constructor(options: MeshPlaneOptions) {
    this.#options = options;
    const { fault: name } = options;
    this.#fault = { ...controlFault(name), ...(name === undefined ? {} : { name }) };
  }

  /**
   * Begins the control plane for a container of its image.
   *
   * @param args - `--act-after=TIME`, from a change to its being told to the sidecars: `50ms`, `2s`
   * @param socketPath - where sidecars connect
   * @returns ends it
   * @throws Error for arguments that it does not know
   */
  start(args: string[], socketPath: string): () => void {
    const { values } = parseArgs({ args, options: { 'act-after': { type: 'string', default: ACT_AFTER } } });
    const { view, authority, complain } = this.#options;
    const controller = new Controller({
      view: view(),
      socketPath,
      issue: async (principal) => {
        const { certPem, keyPem } = await authority.issue({ commonName: principal, uris: [principal] });
        return { certificate: certPem, key: keyPem, authority: authority.certificatePem };
      },
      actAfterMs: milliseconds(values['act-after']),
      fault: this.#fault,
      complain,
    });
    this.#controllers.add(controller);
    return () => {
      controller.stop();
      this.#controllers.delete(controller);
    };
  }

  /** @throws Error to deny */
  admit(request: AdmissionRequest): Manifest {
    const admitted = admitToMesh(request, this.#options.view, this.#controllers.size > 0);
    return this.#fault.admit?.(admitted, request) ?? admitted;
  }
}

function milliseconds(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`not a time: ${text}; wanted one such as 50ms or 2s`);
  return Number(number) * (unit === 's' ? 1_000 : 1);
}
