import type { RunEntry } from './entry.ts';
import { deletion } from './leftover-containers.ts';
import { lockRun } from './lock.ts';
import { removeEntry } from './store.ts';

/**
 * Takes a run off the registry and touches nothing else: for what can never be cleaned up, such as a cluster that is gone.
 * Its private folder goes too, with the kubeconfigs in it.
 *
 * @returns a line on each thing that is given up, and how it is removed by hand
 * @throws EnvironmentError where the registry cannot be written
 */
export async function forgetRun(entry: RunEntry, folder: string): Promise<string[]> {
  const { runId } = entry;
  const lock = await lockRun(folder, runId, true);
  if ('heldBy' in lock)
    return [`run ${runId} is not forgotten: another process is cleaning up after it: ${lock.heldBy}`];
  try {
    removeEntry(folder, runId);
  } finally {
    lock.unlock();
  }
  return [
    `run ${runId} is forgotten; meshproof no longer removes or puts back:`,
    ...givenUp(entry).map((line) => `  ${line}`),
  ];
}

function givenUp({ runId, live, clusters, containers, children }: RunEntry): string[] {
  const lines = [
    ...live.flatMap(({ context, settings }) => [
      ...(settings?.length === 0
        ? []
        : [`the settings on context ${context}${namesOf(settings)}; a later run on that cluster still puts them back`]),
      `the namespaces of the run: kubectl --context ${context} delete namespace -l meshproof.dev/run=${runId}`,
    ]),
    ...clusters.map(({ name, env }) => `kind cluster ${name}: ${deletion(name, env)}`),
    ...containers.map(({ id, engine }) => `container ${id}: ${engine} rm -f -v ${id}`),
    ...children.map(({ pid, what }) => `process ${pid}, if it is still ${what}`),
  ];
  return lines.length === 0 ? ['nothing: the run had left nothing'] : lines;
}

function namesOf(settings: RunEntry['live'][number]['settings'] = []): string {
  const names = settings.map(({ ref, path }) => `${ref.kind} ${ref.namespace ?? ''}/${ref.name} ${path.join('.')}`);
  return names.length === 0 ? '' : ` (${names.join(', ')})`;
}
