import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, connect } from '../../lib/kube/index.ts';
import { run } from './program.ts';
import { say } from './table.ts';
import { lines, output } from './tool.ts';
import type { WorkFolder } from './work-folder.ts';

/** A kind cluster with the mesh, which exists before and after the script. */
export interface RunState {
  name: string;
  context: string;
  kubeconfig: string;
  cluster: Cluster;
  /** Options with which meshproof uses it. */
  words: string[];
}

/**
 * Uses the kind cluster of this name. If there is none, meshproof creates one and keeps it.
 * @param passed the options with which meshproof makes it
 * @throws Error with what meshproof printed
 */
export async function standingCluster(
  name: string,
  passed: readonly string[],
  workFolder: WorkFolder,
): Promise<RunState> {
  if (!(await lines('kind', ['get', 'clusters'])).includes(name)) {
    say(`creating the kind cluster ${name}, which stays`);
    const made = await run(
      [
        'run',
        '--cluster-name',
        name,
        '--keep',
        '--claim',
        'permissive/enrolment',
        '--out',
        workFolder.reports,
        ...passed,
      ],
      { environment: workFolder.environment },
    );
    if (made.status !== 0) throw new Error(`the cluster ${name} did not come up:\n${made.text}`);
  }
  const kubeconfig = join(workFolder.path, `${name}.kubeconfig`);
  writeFileSync(kubeconfig, await output('kind', ['get', 'kubeconfig', '--name', name]), { mode: 0o600 });
  const context = `kind-${name}`;
  return {
    name,
    context,
    kubeconfig,
    cluster: connect(kubeconfig, { context }),
    words: ['--provider', 'kind', '--reuse', '--cluster-name', name],
  };
}
