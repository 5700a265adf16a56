import { rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ClusterError } from '../../kube/cluster.ts';
import { registryFolder } from '../folders.ts';
import { type ClusterEntry, isEmpty, type LiveEntry, type RunEntry } from './entry.ts';
import { deleteCluster, deletion, isGoneFromKind, madeByRun, removeContainer } from './leftover-containers.ts';
import { lockRun } from './lock.ts';
import { type Ended, endChildren, endMarked } from './processes.ts';
import { readStateFile } from './state-file.ts';
import { deadRuns, describeBadFiles, filesOf, readEntries, removeAbandoned, removeEntry, writeEntry } from './store.ts';

/** Gets a line for each thing that is removed or restored, and for each that could not be. */
export type CleanUpReport = (line: string) => void;

export interface CleanUpOptions {
  folder: string;
  /** Also remove kept clusters, and treat runs on other machines and in other containers as dead. */
  andKept: boolean;
  /** `skip`: leave out a live cluster that an earlier run could not reach, so that no run waits for it. */
  unreachable: 'skip' | 'ask again';
  /** A kubeconfig that the user has named, beside those that kubectl would read. */
  kubeconfig: string | undefined;
}

/**
 * Cleans up after every run whose owner is gone. Each run calls it at its start.
 * @param kubeconfig that the user has named for this run
 * @returns false where something could not be removed: it stays in the registry, and `report` says why
 */
export function cleanUpCrashedRuns(
  report: CleanUpReport,
  folder: string = registryFolder(),
  kubeconfig?: string,
): Promise<boolean> {
  removeAbandoned(folder);
  for (const line of describeBadFiles(folder)) report(line);
  return cleanUpRuns(deadRuns(folder), report, { folder, andKept: false, unreachable: 'skip', kubeconfig });
}

/**
 * Cleans up after runs, and removes what is gone from the registry. First asks all live clusters at the same time whether
 * they answer.
 * @returns false where something could not be removed: it stays in the registry, and `report` says why
 */
export async function cleanUpRuns(
  runs: readonly RunEntry[],
  report: CleanUpReport,
  options: CleanUpOptions,
): Promise<boolean> {
  const live = runs
    .flatMap((run) => run.live)
    .filter((each) => options.unreachable === 'ask again' || !each.unreachable);
  const reached = new Map(
    await Promise.all(live.map(async (each) => [each.kubeconfig, await reach(each, options)] as const)),
  );
  const dead = new Set(runs.map(({ runId }) => runId));
  let isClean = true;
  for (const run of runs) isClean = (await cleanUpRun(run, report, { ...options, reached, dead })) && isClean;
  return isClean;
}

/** Whether a live cluster answers, and if not, why. */
type Reached = { problem?: string; isUnreachable?: boolean; isGone?: boolean };

interface CleanUpFacts extends CleanUpOptions {
  reached: ReadonlyMap<string, Reached>;
  /** Runs that are known to be dead, whatever their Leases say. */
  dead: ReadonlySet<string>;
}

async function reach(live: LiveEntry, { kubeconfig }: CleanUpOptions): Promise<Reached> {
  const { reachLive } = await import('../../providers/index.ts');
  try {
    await reachLive(live, kubeconfig);
    return {};
  } catch (error) {
    return {
      problem: wordsOf(error),
      isUnreachable: error instanceof ClusterError,
      isGone: await isGoneFromKind(live),
    };
  }
}

async function cleanUpRun(found: RunEntry, report: CleanUpReport, facts: CleanUpFacts): Promise<boolean> {
  const { folder, andKept } = facts;
  const { runId } = found;
  const tell = (line: string): void => report(`run ${runId}: ${line}`);
  const lock = await lockRun(folder, runId, andKept);
  if ('heldBy' in lock) {
    tell(`another process is cleaning up after it: ${lock.heldBy}`);
    return true;
  }
  try {
    // Another process may have cleaned up before this one got the lock.
    const entry = readEntries(folder).entries.find((each) => each.runId === runId);
    if (!entry) return true;
    const left = await removeAll(entry, tell, facts);
    if (isEmpty(left)) {
      for (const file of filesOf(folder, runId)) tell(`removed ${file}`);
      removeEntry(folder, runId);
      return true;
    }
    writeEntry(folder, left);
    if (left.kept && isEmpty({ ...left, clusters: [], containers: [] })) return true;
    tell(`meshproof clean tries again; meshproof clean --forget ${runId} forgets it`);
    return false;
  } finally {
    lock.unlock();
  }
}

/**
 * Ends the recorded processes first, so that nothing is created while things are removed. Then comes what cuts off traffic,
 * then the rest. Processes that only carry the run's mark come last: with podman, the containers' own monitors carry it.
 */
async function removeAll(entry: RunEntry, tell: CleanUpReport, facts: CleanUpFacts): Promise<RunEntry> {
  const children = await endChildren(entry);
  tellEnded(children, tell);
  const left: RunEntry = {
    ...entry,
    children: children.stubborn.length > 0 ? entry.children : [],
    live: await restoreAll(entry.live, tell, facts),
  };
  if (entry.kept && !facts.andKept) return left;
  left.containers = await remaining(
    entry.containers,
    tell,
    ({ id }) => ['removed', 'remove', `container ${id}`],
    removeContainer,
  );
  left.clusters = await remaining(
    entry.clusters,
    tell,
    ({ name }) => ['deleted', 'delete', `kind cluster ${name}`],
    async (cluster) => {
      await deleteCluster(cluster, (nodes) => isOurs(cluster, nodes));
      removeCopy(cluster.kubeconfig, entry.runId);
    },
  );
  tellEnded(await endMarked(entry), tell);
  return left;

  /** A cluster of another name is the run's only if it shows that, or if the run's kind was creating it until now. */
  async function isOurs(cluster: ClusterEntry, nodes: readonly string[]): Promise<boolean> {
    const creation = new RegExp(`^kind create cluster --name ${cluster.name.replaceAll('.', String.raw`\.`)} `);
    const isOwnName = cluster.name === `meshproof-${entry.runId}`;
    return isOwnName || children.ended.some((what) => creation.test(what)) || madeByRun(cluster, nodes);
  }
}

/** Restores what was changed on live clusters. @returns those for which it failed */
async function restoreAll(
  entries: readonly LiveEntry[],
  tell: CleanUpReport,
  { reached, dead, kubeconfig }: CleanUpFacts,
): Promise<LiveEntry[]> {
  const left: LiveEntry[] = [];
  for (const live of entries) {
    const { context } = live;
    const before: Reached = { problem: 'it could not be reached before', isUnreachable: true };
    const { problem, isUnreachable, isGone } = reached.get(live.kubeconfig) ?? before;
    if (isGone) {
      tell(`the kind cluster of context ${context} is gone, with everything that the run changed there`);
    } else if (problem !== undefined) {
      tell(`could not restore the settings of context ${context}: ${problem}`);
      left.push(isUnreachable ? { ...live, unreachable: true } : live);
    } else {
      try {
        const { restoreLive } = await import('../../providers/index.ts');
        const { done, isWhole } = await restoreLive(live, { kubeconfig, dead });
        for (const line of done) tell(`context ${context}: ${line}`);
        if (!isWhole) left.push({ ...live, unreachable: false });
        else if (done.length === 0) tell(`context ${context}: nothing of the run is there`);
      } catch (error) {
        tell(`could not restore the settings of context ${context}: ${wordsOf(error)}`);
        left.push(live);
      }
    }
    if (!left.some((each) => each.kubeconfig === live.kubeconfig)) removeCopy(live.kubeconfig, live.runId);
  }
  return left;
}

/** Removes a run's own copy of a kubeconfig, and no file of the user's that a damaged entry might name instead. */
function removeCopy(kubeconfig: string, runId: string): void {
  const isNamedSo = basename(kubeconfig) === 'kubeconfig' && basename(dirname(kubeconfig)) === runId;
  const found = readStateFile(kubeconfig);
  const isKubeconfig = typeof found === 'object' && 'text' in found && /^kind: "?Config"?$/m.test(found.text);
  if (isNamedSo && isKubeconfig) rmSync(kubeconfig, { force: true });
}

/**
 * Removes each item and tells how it went.
 * @param words such as `removed`, `remove`, `container x`
 * @returns the items that could not be removed
 */
async function remaining<T>(
  items: readonly T[],
  tell: CleanUpReport,
  words: (item: T) => [done: string, todo: string, what: string],
  remove: (item: T) => Promise<void>,
): Promise<T[]> {
  const left: T[] = [];
  for (const item of items) {
    const [done, todo, what] = words(item);
    try {
      await remove(item);
      tell(`${done} ${what}`);
    } catch (error) {
      tell(`could not ${todo} ${what}: ${wordsOf(error)}`);
      left.push(item);
    }
  }
  return left;
}

/** An error in one line, with its remedy. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const remedy = 'remedy' in error ? `; ${error.remedy}` : '';
  return `${error.message}${remedy}`;
}

function tellEnded({ ended, stubborn }: Ended, tell: CleanUpReport): void {
  for (const what of ended) tell(`ended ${what}`);
  for (const what of stubborn) tell(`could not end ${what}`);
}

/**
 * Removes a run from the registry with its private folder, and touches nothing else: for what can never be cleaned up, such
 * as a cluster that is gone.
 * @returns a line for each thing that stays, and how to remove it by hand
 * @throws EnvironmentError where the registry cannot be written
 */
export async function forgetRun(entry: RunEntry, folder: string): Promise<string[]> {
  const { runId } = entry;
  const lock = await lockRun(folder, runId, true);
  if ('heldBy' in lock) {
    return [`run ${runId} is not forgotten: another process is cleaning up after it: ${lock.heldBy}`];
  }
  try {
    removeEntry(folder, runId);
  } finally {
    lock.unlock();
  }
  return [`run ${runId} is forgotten; meshproof leaves as it is:`, ...remains(entry).map((line) => `  ${line}`)];
}

function remains({ runId, live, clusters, containers, children }: RunEntry): string[] {
  const lines = [
    ...live.flatMap(({ context, settings }) => [
      ...(settings?.length === 0
        ? []
        : [`the settings on context ${context}${namesOf(settings)}; a later run on that cluster still restores them`]),
      `the namespaces of the run: kubectl --context ${context} delete namespace -l meshproof.dev/run=${runId}`,
    ]),
    ...clusters.map(({ name, env }) => `kind cluster ${name}: ${deletion(name, env)}`),
    ...containers.map(({ id, engine }) => `container ${id}: ${engine} rm -f -v ${id}`),
    ...children.map(({ pid, what }) => `process ${pid}, if it is still ${what}`),
  ];
  return lines.length === 0 ? ['nothing: the run left nothing'] : lines;
}

function namesOf(settings: RunEntry['live'][number]['settings'] = []): string {
  const names = settings.map(({ ref, path }) => `${ref.kind} ${ref.namespace ?? ''}/${ref.name} ${path.join('.')}`);
  return names.length === 0 ? '' : ` (${names.join(', ')})`;
}
