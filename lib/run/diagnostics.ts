import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as lapse } from 'node:timers/promises';
import type { Diagnosis } from '../evidence/index.ts';
import { containersOf } from '../fixtures/index.ts';
import type { Manifest } from '../kube/cluster.ts';
import { redact } from '../words/index.ts';
import type { TestEnvironment } from './bring-up.ts';
import type { RunContext } from './context.ts';

/** More diagnostics would not help to find the reason. */
const MOST = 8;
/** Longest that one collection may take, ms. */
const LIMIT_MS = 30_000;

/**
 * Collects diagnostics of claims that did not pass, of the first eight at most.
 * @param collect writes the cluster's diagnostics to a folder
 * @param limitMs longest that one collection may take
 * @returns a function to call for each; it never throws, and if diagnostics are missing it says why
 */
export function diagnosticsBy(
  { folder, interruption, unwritten }: Pick<RunContext, 'folder' | 'interruption' | 'unwritten'>,
  collect: (folder: string) => Promise<void>,
  limitMs = LIMIT_MS,
): (claim: string) => Promise<Diagnosis> {
  const collected = new Map<string, number>();
  let count = 0;
  return async (claim) => {
    if (interruption.signal.aborted) return { undiagnosed: 'the run was being ended' };
    if (count >= MOST) {
      const earlier = [...collected.keys()].join(', ');
      return { undiagnosed: `only the first ${MOST} failures are diagnosed: ${earlier}` };
    }
    count += 1;
    const times = (collected.get(claim) ?? 0) + 1;
    collected.set(claim, times);
    const own = join(folder.cluster, claim.replaceAll('/', '-') + (times > 1 ? `-${times}` : ''));
    const over = new AbortController();
    const collecting = mkdir(own, { recursive: true }).then(() => collect(own));
    // Even after the time limit: nobody else would report it.
    collecting.catch((error: unknown) => unwritten.note(own, error));
    try {
      const isWhole = await Promise.race([
        collecting.then(() => true),
        lapse(limitMs, false, { signal: over.signal, ref: false }),
      ]);
      const diagnostics = relative(folder.path, own);
      if (isWhole) return { diagnostics };
      return { diagnostics, undiagnosed: `not all were collected within ${limitMs / 1000} s` };
    } catch (error) {
      return { undiagnosed: `they could not be collected: ${error instanceof Error ? error.message : error}` };
    } finally {
      over.abort();
    }
  };
}

/** Collects the cluster's diagnostics of a claim that did not pass, before its policies are removed. */
export function diagnosticsFor(run: RunContext, environment: TestEnvironment): (claim: string) => Promise<Diagnosis> {
  return diagnosticsBy(run, (folder) => collect(environment, folder));
}

async function collect({ cluster, mesh, fixtures }: TestEnvironment, folder: string): Promise<void> {
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

/** The driver's own diagnostics have the logs of sidecars and control plane. */
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
