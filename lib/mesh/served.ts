import { type Cluster, ClusterError } from '../kube/cluster.ts';
import { pollUntil } from '../polling/poll-until.ts';
import { MeshError } from './errors.ts';
import type { MeshContext } from './mesh.ts';

interface KindName {
  apiVersion: string;
  kind: string;
}

/** Time between two checks of what the cluster serves, ms. */
const restMs = 500;
/** How long an installer may take to renew definitions, and discovery to show them, ms. */
const graceMs = 2000;

/**
 * Does some work with an object. Ends it if the cluster serves the object's kind in other versions only. Otherwise the
 * work would wait until its timeout, or take an existing object for deleted.
 *
 * @param work gets a context whose signal also comes in that case
 * @throws MeshError about `version`, of the environment: the mesh is not the version that the driver is for
 */
export async function guardVersion<T>(
  of: KindName,
  context: MeshContext,
  work: (context: MeshContext) => Promise<T>,
): Promise<T> {
  if (!of.apiVersion.includes('/')) return work(context);
  const alarm = new AbortController();
  const over = new AbortController();
  const looking = mismatch(of, context, AbortSignal.any([context.signal, over.signal])).then((others) => {
    if (others !== undefined) alarm.abort(unserved(of, others));
  });
  try {
    return await work({ ...context, signal: AbortSignal.any([context.signal, alarm.signal]) });
  } catch (error) {
    throw alarm.signal.aborted ? alarm.signal.reason : error;
  } finally {
    over.abort();
    await looking;
  }
}

/** Checks once, and again if the version seems to be another one. @throws MeshError as `guardVersion` */
export async function expectVersion(of: KindName, { cluster, signal }: MeshContext): Promise<void> {
  if (!of.apiVersion.includes('/')) return;
  let others: string[] | undefined;
  const look = async (): Promise<true | undefined> => {
    others = await onlyOthers(of, cluster);
    return others === undefined ? true : undefined;
  };
  await pollUntil(look, { everyMs: restMs, timeoutMs: graceMs, signal });
  signal.throwIfAborted();
  if (others !== undefined) throw unserved(of, others);
}

/** The versions served instead, after they have lasted for the grace time; undefined when the work ends first. */
function mismatch(of: KindName, { cluster }: MeshContext, end: AbortSignal): Promise<string[] | undefined> {
  let since: number | undefined;
  const look = async (): Promise<string[] | undefined> => {
    // The work itself reports what the API does not answer.
    const others = await onlyOthers(of, cluster).catch(() => undefined);
    since = others === undefined ? undefined : (since ?? performance.now());
    return since !== undefined && performance.now() - since >= graceMs ? others : undefined;
  };
  return pollUntil(look, { everyMs: restMs, signal: end });
}

/** The versions in which a kind is served, if its own is not among them; undefined if it is, or if there are none. */
async function onlyOthers(of: KindName, cluster: Cluster): Promise<string[] | undefined> {
  const versions = await versionsOf(of, cluster);
  const own = of.apiVersion.slice(of.apiVersion.indexOf('/') + 1);
  return versions.length === 0 || versions.includes(own) ? undefined : versions;
}

/** The versions in which the cluster serves a kind of a group. @throws ClusterError */
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
