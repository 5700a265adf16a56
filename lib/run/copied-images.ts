import { chosenImages } from '../fixtures/index.ts';
import type { Mesh } from '../mesh/index.ts';
import { imagesLine, uselessLines } from '../providers/index.ts';
import type { RunContext } from './context.ts';
import type { ProvidedCluster } from './provided-cluster.ts';

/**
 * Copies the images that this machine has to the cluster, what the installation needs first: it waits more than it works,
 * so that the rest costs little time while it goes on.
 */
export class CopiedImages {
  readonly #copy: (refs: readonly string[]) => Promise<void>;
  readonly #first: readonly string[];
  readonly #rest: readonly string[];

  constructor({ options, log, say }: RunContext, { loadImages }: ProvidedCluster, mesh: Mesh) {
    this.#first = [...new Set([...mesh.images, ...options.loadImages])];
    const ofPods = new Set([...mesh.podImages, ...Object.values(chosenImages(options))]);
    this.#rest = [...ofPods].filter((ref) => !this.#first.includes(ref));
    this.#copy = async (refs) => {
      if (loadImages === undefined) return;
      const result = await loadImages([...refs]);
      log(imagesLine(result));
      for (const line of uselessLines(result)) say(line);
    };
  }

  /** Those that the mesh's installation needs. @throws EnvironmentError */
  forMesh(): Promise<void> {
    return this.#copy(this.#first);
  }

  /** Those that only pods in and outside of the mesh need. @throws EnvironmentError */
  forPods(): Promise<void> {
    return this.#copy(this.#rest);
  }
}
