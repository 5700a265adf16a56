import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Manifest } from '../../cluster/cluster.ts';
import { containersOf } from '../../cluster/fixtures/index.ts';
import { redact } from '../../words/index.ts';
import type { Stage } from './bring-up.ts';
import type { RunContext } from './context.ts';

/** After so many claims the reason is known, or will not be found this way. */
const MOST = 8;
/** Longest that one collection may take, ms. */
const LIMIT_MS = 30_000;

/** Collects what the cluster can tell about a claim that went wrong, before its policies are removed. */
export function diagnosticsFor(run: RunContext, stage: Stage): (claim: string) => Promise<string | undefined> {
  let count = 0;
  return async (claim) => {
    count += 1;
    if (count > MOST || run.interruption.signal.aborted) return undefined;
    const folder = join(run.folder.cluster, claim.replace('/', '-'));
    const limit = new Promise<void>((resolve) => setTimeout(resolve, LIMIT_MS).unref());
    const collected = mkdir(folder, { recursive: true }).then(() => collect(stage, folder));
    // Also when the limit has passed before: nobody else would hear of it.
    const over = collected.catch((error: unknown) => run.unwritten.note(folder, error));
    await Promise.race([over, limit]);
    return relative(run.folder.path, folder);
  };
}

async function collect({ cluster, mesh, fixtures }: Stage, folder: string): Promise<void> {
  const ownNamespaces = fixtures.namespaces;
  const namespaces = [...ownNamespaces, ...(mesh.controlPlane === undefined ? [] : [mesh.controlPlane.namespace])];
  const save = async (name: string, content: () => Promise<string>) => {
    const text = await content().catch(
      (error: unknown) => `could not be collected: ${error instanceof Error ? error.message : error}\n`,
    );
    await writeFile(join(folder, name), redact(text));
  };
  const listAll = async (kind: string) =>
    (await Promise.all(namespaces.map((namespace) => cluster.list({ apiVersion: 'v1', kind, namespace })))).flat();
  let pods: Manifest[] = [];
  await save('pods.json', async () => {
    pods = await listAll('Pod');
    return JSON.stringify(
      pods.map(({ metadata, spec, status }) => ({ metadata: plain(metadata), spec, status })),
      undefined,
      1,
    );
  });
  const fixturePods = pods.filter(({ metadata }) => ownNamespaces.includes(metadata.namespace ?? ''));
  await Promise.all([
    save('events.txt', async () => (await listAll('Event')).map(eventLine).sort().join('\n')),
    ...fixturePods.flatMap((pod) => ownContainers(pod, mesh.sidecar).map((container) => logOf(pod, container))),
    mesh.diagnose(
      folder,
      fixturePods
        .filter((pod) => mesh.sidecar === undefined || containersOf(pod).includes(mesh.sidecar))
        .map(({ metadata }) => ({ namespace: metadata.namespace ?? '', name: metadata.name })),
    ),
  ]);

  async function logOf(pod: Manifest, container: string): Promise<void> {
    const { name, namespace = '' } = pod.metadata;
    await save(`${namespace}.${name}.${container}.log`, () =>
      cluster.logs({ namespace, pod: name, container }, { tailLines: 400 }),
    );
  }
}

function plain({ managedFields: _, ...metadata }: Manifest['metadata']): object {
  return metadata;
}

/** The sidecar's log, and the control plane's, are the driver's business. */
function ownContainers(pod: Manifest, sidecar: string | undefined): string[] {
  const spec = pod['spec'] as { containers: { name: string }[] };
  return spec.containers.map(({ name }) => name).filter((name) => name !== sidecar);
}

function eventLine(event: Manifest): string {
  const { lastTimestamp, eventTime, type, reason, message, involvedObject } = event as Manifest & {
    lastTimestamp?: string;
    eventTime?: string;
    type?: string;
    reason?: string;
    message?: string;
    involvedObject?: { kind?: string; name?: string };
  };
  const at = lastTimestamp ?? eventTime ?? String(event.metadata['creationTimestamp'] ?? '');
  return `${at} ${event.metadata.namespace} ${type} ${reason} ${involvedObject?.kind}/${involvedObject?.name}: ${message}`;
}
