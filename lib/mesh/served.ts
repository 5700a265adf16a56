import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster, ClusterError } from '../kube/cluster.ts';
import { type MeshContext, MeshError } from './mesh.ts';

interface KindName {
  apiVersion: string;
  kind: string;
}

/** Between two looks at what the cluster serves, ms. */
const restMs = 500;
/** How long an installer may take to renew definitions, and discovery to show them, ms. */
const graceMs = 2000;

/**
 * Does some work with an object while asking whether the cluster serves its kind in another version only. Then the work is
 * ended: it would wait for what cannot come, or call gone what is there.
 *
 * @param work gets a context whose signal also comes when that is so
 * @throws MeshError about `version`, of the environment: the mesh is another version than the driver is for
 */
export async function guardVersion<T>(
  of: KindName,
  context: MeshContext,
  work: (context: MeshContext) => Promise<T>,
): Promise<T> {
  if (!of.apiVersion.includes('/')) return work(context);
  const alarm = new AbortController();
  const over = new AbortController();
  let others: string[] = [];
  const looking = mismatch(of, context, AbortSignal.any([context.signal, over.signal])).then((found) => {
    if (found === undefined) return;
    others = found;
    alarm.abort();
  });
  try {
    return await work({ ...context, signal: AbortSignal.any([context.signal, alarm.signal]) });
  } catch (error) {
    throw others.length > 0 ? unserved(of, others) : error;
  } finally {
    over.abort();
    await looking;
  }
}

/** Looks once, and again where it seems so. @throws MeshError as `guardVersion` */
export async function expectVersion(of: KindName, { cluster, signal }: MeshContext): Promise<void> {
  if (!of.apiVersion.includes('/')) return;
  for (let waited = 0; ; waited += restMs) {
    const others = await onlyOthers(of, cluster);
    if (others === undefined) return;
    if (waited >= graceMs) throw unserved(of, others);
    await pause(restMs, undefined, { signal });
  }
}

/** The versions that are served instead, once that has been so for a while; undefined when the kind comes, or at the end. */
async function mismatch(of: KindName, { cluster }: MeshContext, end: AbortSignal): Promise<string[] | undefined> {
  let since: number | undefined;
  while (!end.aborted) {
    // What the API cannot answer now is the work's to tell.
    const others = await onlyOthers(of, cluster).catch(() => undefined);
    since = others === undefined ? undefined : (since ?? performance.now());
    if (others !== undefined && since !== undefined && performance.now() - since >= graceMs) return others;
    await pause(restMs, undefined, { signal: end }).catch(() => undefined);
  }
  return undefined;
}

/** The versions in which a kind is served, where its own is not among them; undefined where it is, or none is. */
async function onlyOthers(of: KindName, cluster: Cluster): Promise<string[] | undefined> {
  const versions = await versionsOf(of, cluster);
  const own = of.apiVersion.slice(of.apiVersion.indexOf('/') + 1);
  return versions.length === 0 || versions.includes(own) ? undefined : versions;
}

/** Those in which the cluster serves a kind of a group; empty where it does not. @throws ClusterError */
export async function versionsOf({ apiVersion, kind }: KindName, cluster: Cluster): Promise<string[]> {
  const [group = ''] = apiVersion.split('/');
  const { versions = [] } = (await answered(cluster, `/apis/${group}`)) as { versions?: { version: string }[] };
  const served = await Promise.all(
    versions.map(async ({ version }) => {
      const { resources = [] } = (await answered(cluster, `/apis/${group}/${version}`)) as { resources?: KindName[] };
      return resources.some((resource) => resource.kind === kind) ? [version] : [];
    }),
  );
  return served.flat();
}

async function answered(cluster: Cluster, path: string): Promise<object> {
  try {
    return JSON.parse(await cluster.raw(path)) as object;
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'not-found') return {};
    throw error;
  }
}

function unserved({ apiVersion, kind }: KindName, others: readonly string[]): MeshError {
  const [group = '', version = ''] = apiVersion.split('/');
  const message = `the cluster serves ${kind} of ${group} as ${others.join(', ')}, not as ${version}, which the driver names`;
  return new MeshError('environment', message, 'choose a driver for the version that is installed', 'version');
}
