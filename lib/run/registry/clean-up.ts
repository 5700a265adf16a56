import { rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ClusterError } from '../../kube/cluster.ts';
import { registryFolder } from '../folders.ts';
import { type ClusterEntry, isEmpty, type LiveEntry, type RunEntry } from './entry.ts';
import { deleteCluster, deletion, isGoneFromKind, madeByRun, removeContainer } from './leftover-containers.ts';
import { lockRun } from './lock.ts';
import { type Ended, endChildren, endMarked, livingOf } from './processes.ts';
import { readStateFile } from './state-file.ts';
import { deadRuns, filesOf, readEntries, removeAbandoned, removeEntry, setBadAside, writeEntry } from './store.ts';

/** Told of each thing that is removed or put back, and of each that could not be. */
export type CleanUpReport = (line: string) => void;

/** How leftovers are looked for. */
export interface CleanUpOptions {
  folder: string;
  /** Removes kept clusters as well, and takes runs on other machines and in other containers for dead. */
  andKept: boolean;
  /** `once`: a live cluster that could not be reached before is not tried again, so that no run waits for it. */
  tries: 'once' | 'again';
  /** A kubeconfig that the user has named; beside it, those count that kubectl would read. */
  kubeconfig: string | undefined;
}

/**
 * Cleans up after every run whose owner is gone; called at the start of each run.
 *
 * @param kubeconfig that the user has named for this run
 * @returns false where something could not be removed: it stays in the registry, and `report` has been told why.
 */
export function cleanUpCrashedRuns(
  report: CleanUpReport,
  folder: string = registryFolder(),
  kubeconfig?: string,
): Promise<boolean> {
  removeAbandoned(folder);
  const { bad, leftAlone } = readEntries(folder);
  for (const line of [...setBadAside(bad), ...leftAlone]) report(line);
  return cleanUpRuns(deadRuns(folder), report, { folder, andKept: false, tries: 'once', kubeconfig });
}

/**
 * Cleans up after runs, and takes what is gone off the registry. Live clusters are all asked at the same time whether they
 * can be reached.
 *
 * @returns false where something could not be removed: it stays in the registry, and `report` has been told why.
 */
export async function cleanUpRuns(
  runs: readonly RunEntry[],
  report: CleanUpReport,
  options: CleanUpOptions,
): Promise<boolean> {
  const live = runs.flatMap((run) => run.live).filter((each) => options.tries === 'again' || !each.unreachable);
  const reached = new Map(
    await Promise.all(live.map(async (each) => [each.kubeconfig, await reach(each, options)] as const)),
  );
  const dead = new Set(runs.map(({ runId }) => runId));
  let isClean = true;
  for (const run of runs) isClean = (await cleanUpRun(run, report, { ...options, reached, dead })) && isClean;
  return isClean;
}

/** What a live cluster that is to be put back said, or why it cannot be. */
type Reached = { trouble?: string; isUnreachable?: boolean; isGone?: boolean };

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
    const isUnreachable = error instanceof ClusterError;
    return { trouble: wordsOf(error), isUnreachable, isGone: await isGoneFromKind(live) };
  }
}

/**
 * Takes dead runs off the registry that left nothing: no process of theirs is there, and they own neither files nor
 * anything on a cluster.
 */
export async function forgetSpent(folder: string = registryFolder()): Promise<void> {
  for (const entry of deadRuns(folder)) {
    const isSpent = isEmpty({ ...entry, children: [] }) && livingOf(entry).length === 0;
    if (!isSpent || filesOf(folder, entry.runId).length > 0) continue;
    const lock = await lockRun(folder, entry.runId);
    if ('heldBy' in lock) continue;
    try {
      removeEntry(folder, entry.runId);
    } finally {
      lock.unlock();
    }
  }
}

async function cleanUpRun(found: RunEntry, report: CleanUpReport, facts: CleanUpFacts): Promise<boolean> {
  const { folder, andKept } = facts;
  const lock = await lockRun(folder, found.runId, andKept);
  if ('heldBy' in lock) {
    report(`run ${found.runId}: another process is cleaning up after it: ${lock.heldBy}`);
    return true;
  }
  try {
    // Somebody else may have been done with it before the lock was ours.
    const entry = readEntries(folder).entries.find(({ runId }) => runId === found.runId);
    if (!entry) return true;
    const left = await removeAll(entry, report, facts);
    if (isEmpty(left)) {
      for (const file of filesOf(folder, left.runId)) report(`run ${left.runId}: did remove ${file}`);
      removeEntry(folder, left.runId);
      return true;
    }
    writeEntry(folder, left);
    if (left.kept && isEmpty({ ...left, clusters: [], containers: [] })) return true;
    report(`run ${left.runId}: meshproof clean tries again; meshproof clean --forget ${left.runId} gives it up`);
    return false;
  } finally {
    lock.unlock();
  }
}

/**
 * The recorded processes first, so that nothing is made while things are removed; then what cuts off traffic; then the
 * rest. What only carries the run's mark comes last: with podman that includes the containers' own keepers.
 */
async function removeAll(entry: RunEntry, report: CleanUpReport, facts: CleanUpFacts): Promise<RunEntry> {
  const tell = (line: string): void => report(`run ${entry.runId}: ${line}`);
  const children = await endChildren(entry);
  tellEnded(children, tell);
  const left: RunEntry = {
    ...entry,
    children: children.stubborn.length > 0 ? entry.children : [],
    live: await restoreAll(entry.live, tell, facts),
  };
  if (entry.kept && !facts.andKept) return left;
  left.containers = await remaining(entry.containers, tell, ({ id }) => `remove container ${id}`, removeContainer);
  left.clusters = await remaining(
    entry.clusters,
    tell,
    ({ name }) => `delete kind cluster ${name}`,
    async (cluster) => {
      await deleteCluster(cluster, (nodes) => isOurs(cluster, nodes));
      removeCopy(cluster.kubeconfig, entry.runId);
    },
  );
  tellEnded(await endMarked(entry), tell);
  return left;

  /** A cluster of another name is only its run's if it, or kind that was at work on it until now, shows it. */
  async function isOurs(cluster: ClusterEntry, nodes: readonly string[]): Promise<boolean> {
    const creation = new RegExp(`^kind create cluster --name ${cluster.name.replaceAll('.', String.raw`\.`)} `);
    const isOwnName = cluster.name === `meshproof-${entry.runId}`;
    return isOwnName || children.ended.some((what) => creation.test(what)) || madeByRun(cluster, nodes);
  }
}

/** Puts back what was changed on live clusters, and answers those for which it failed. Says no more than was done. */
async function restoreAll(
  entries: readonly LiveEntry[],
  tell: (line: string) => void,
  { reached, dead, kubeconfig }: CleanUpFacts,
): Promise<LiveEntry[]> {
  const left: LiveEntry[] = [];
  for (const live of entries) {
    const { context } = live;
    const before: Reached = { trouble: 'it could not be reached before', isUnreachable: true };
    const { trouble, isUnreachable, isGone } = reached.get(live.kubeconfig) ?? before;
    if (isGone) {
      tell(`the kind cluster of context ${context} is gone, and with it what the run had changed there`);
    } else if (trouble !== undefined) {
      tell(`could not put the settings of context ${context} back: ${trouble}`);
      left.push(isUnreachable ? { ...live, unreachable: true } : live);
    } else {
      try {
        const { restoreLive } = await import('../../providers/index.ts');
        const { done, isWhole } = await restoreLive(live, { kubeconfig, dead });
        for (const line of done) tell(`context ${context}: ${line}`);
        if (!isWhole) left.push({ ...live, unreachable: false });
        else if (done.length === 0) tell(`context ${context}: nothing of the run is there`);
      } catch (error) {
        tell(`could not put the settings of context ${context} back: ${wordsOf(error)}`);
        left.push(live);
      }
    }
    if (!left.some((each) => each.kubeconfig === live.kubeconfig)) removeCopy(live.kubeconfig, live.runId);
  }
  return left;
}

/** Removes a run's own copy of a kubeconfig, and no file of the user's that an entry might name in its place. */
function removeCopy(kubeconfig: string, runId: string): void {
  const isNamedSo = basename(kubeconfig) === 'kubeconfig' && basename(dirname(kubeconfig)) === runId;
  const found = readStateFile(kubeconfig);
  const isKubeconfig = typeof found === 'object' && 'text' in found && /^kind: "?Config"?$/m.test(found.text);
  if (isNamedSo && isKubeconfig) rmSync(kubeconfig, { force: true });
}

/** Does something about each item, tells how it went, and answers those for which it failed. */
async function remaining<T>(
  items: readonly T[],
  tell: (line: string) => void,
  what: (item: T) => string,
  act: (item: T) => Promise<void>,
): Promise<T[]> {
  const left: T[] = [];
  for (const item of items) {
    try {
      await act(item);
      tell(`did ${what(item)}`);
    } catch (error) {
      tell(`could not ${what(item)}: ${wordsOf(error)}`);
      left.push(item);
    }
  }
  return left;
}

/** An error in one line, with what is to be done about it. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const remedy = 'remedy' in error ? `; ${error.remedy}` : '';
  return `${error.message}${remedy}`;
}

function tellEnded({ ended, stubborn }: Ended, tell: (line: string) => void): void {
  for (const what of ended) tell(`did end ${what}`);
  for (const what of stubborn) tell(`could not end ${what}`);
}

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
