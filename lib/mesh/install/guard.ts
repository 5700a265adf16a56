import type { Manifest, Selection } from '../../kube/cluster.ts';
import { type MeshContext, MeshError } from '../mesh.ts';
import { lastWords } from './last-words.ts';
import { type PodTrouble, podTrouble } from './pods.ts';

/**
 * Does some work while watching pods, and ends it as soon as one of them is seen to be unable ever to come up.
 *
 * @param except uids of pods that somebody else answers for
 * @param work gets a context whose signal also comes when a pod is in trouble
 * @throws MeshError naming pod and image or container
 */
export async function guardPods<T>(
  context: MeshContext,
  pods: Omit<Selection, 'apiVersion' | 'kind'> & { except?: ReadonlySet<string> },
  work: (context: MeshContext) => Promise<T>,
): Promise<T> {
  const alarm = new AbortController();
  let found: { pod: Manifest; trouble: PodTrouble } | undefined;
  const { except, ...selection } = pods;
  const watch = context.cluster.watch(
    { apiVersion: 'v1', kind: 'Pod', ...selection },
    {
      event({ type, object }) {
        if (type === 'DELETED' || found !== undefined || except?.has(object.metadata.uid ?? '')) return;
        const trouble = podTrouble(object);
        if (trouble === undefined) return;
        found = { pod: object, trouble };
        alarm.abort();
      },
    },
  );
  try {
    return await work({ ...context, signal: AbortSignal.any([context.signal, alarm.signal]) });
  } catch (error) {
    if (found === undefined) throw error;
    const { whose, message, remedy } = found.trouble;
    throw new MeshError(whose, `${message}${await words(context, found.pod, found.trouble)}`, remedy);
  } finally {
    watch.stop();
  }
}

async function words({ cluster }: MeshContext, pod: Manifest, { crashed }: PodTrouble): Promise<string> {
  const log = crashed === undefined ? '' : await lastWords(cluster, pod, crashed, true);
  return log === '' ? '' : `; its last words:\n${log}`;
}
