import { join } from 'node:path';
import { execa } from 'execa';
import type { WorkFolder } from './work-folder.ts';

/** Times of kind, image loading and the mesh's installation without the harness, ms. */
export interface Bare {
  create: number;
  loading: number;
  install: number;
}

const LIMIT_MS = 600_000;

/**
 * Does the work that a cold run cannot avoid, without the harness, and removes everything again.
 * @param kind words for `kind create cluster`
 * @param images those that the run loaded
 * @param install the commands that the run gave
 */
export async function bareInstallation(
  dependencies: { name: string; kind: string[]; images: string[]; install: string[][] },
  workFolder: WorkFolder,
): Promise<Bare> {
  const kubeconfig = join(workFolder.path, `${dependencies.name}.kubeconfig`);
  const timed = async (commands: string[][]) => {
    const begun = performance.now();
    for (const [file = '', ...args] of commands) {
      await execa(file, args, { env: { KUBECONFIG: kubeconfig }, timeout: LIMIT_MS, stdin: 'ignore' });
    }
    return performance.now() - begun;
  };
  try {
    return {
      create: await timed([
        ['kind', 'create', 'cluster', '--name', dependencies.name, '--kubeconfig', kubeconfig, ...dependencies.kind],
      ]),
      loading: await timed([['kind', 'load', 'docker-image', '--name', dependencies.name, ...dependencies.images]]),
      install: await timed(dependencies.install),
    };
  } finally {
    await timed([['kind', 'delete', 'cluster', '--name', dependencies.name, '--kubeconfig', kubeconfig]]);
  }
}
