import { registryFolder } from '../folders.ts';
import { forgetSpent } from './clean-up.ts';
import type { RunEntry } from './entry.ts';
import { deletion, engineVariables, kindClusterNames } from './leftover-containers.ts';
import { filesOf, type RunState, readEntries, runStateOf, setBadAside } from './store.ts';

/** A line for each thing that former runs left behind, dead or kept. Never throws. */
export async function describeLeftovers(folder?: string): Promise<string[]> {
  try {
    return await describeFolder(folder ?? registryFolder());
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function describeFolder(folder: string): Promise<string[]> {
  const lines = describeBadFiles(folder);
  await forgetSpent(folder).catch((error: Error) => lines.push(error.message));
  const { entries } = readEntries(folder);
  lines.push(...entries.flatMap((entry) => describeEntry(entry, runStateOf(entry), filesOf(folder, entry.runId))));
  const strays = await strayClusters(entries).catch((error: Error) => [
    `kind clusters could not be listed: ${error.message}`,
  ]);
  return [...lines, ...strays];
}

/** A line for each file of the registry that is no entry, which is set aside, and for each that is not for this program. */
export function describeBadFiles(folder: string): string[] {
  const { bad, leftAlone } = readEntries(folder);
  return [...setBadAside(bad), ...leftAlone];
}

/**
 * A line for each kind cluster that carries this program's name and that the registry does not know.
 *
 * @throws Error where kind is there and fails
 */
export async function strayClusters(entries: readonly RunEntry[]): Promise<string[]> {
  const owned = new Set(entries.flatMap((entry) => entry.clusters.map((cluster) => cluster.name)));
  const env = engineVariables();
  return ((await kindClusterNames(env)) ?? [])
    .filter((name) => name.startsWith('meshproof-') && !owned.has(name))
    .map((name) => {
      const whose = "no run in this user's registry made it, so it may be another user's, in use";
      return `kind cluster ${name}: ${whose}; if it is nobody's: ${deletion(name, env)}`;
    });
}

function describeEntry(entry: RunEntry, standing: RunState, files: readonly string[]): string[] {
  if (standing === 'alive') return [];
  const made = [
    ...entry.clusters.map((cluster) => `kind cluster ${cluster.name}`),
    ...entry.containers.map((container) => `container ${container.id}`),
    ...entry.children.map((child) => `${child.what} (pid ${child.pid})`),
    ...entry.live.map((live) => `settings on context ${live.context}`),
    ...files,
  ];
  const what = made.length > 0 ? made.join(', ') : 'nothing but its page in the registry';
  return [`run ${entry.runId} of ${entry.begun} (${saying(entry, standing)}): ${what}`];
}

function saying(entry: RunEntry, standing: RunState): string {
  if (standing === 'elsewhere') return `on ${entry.space.host}, which is not here; clean --all takes it for dead`;
  return standing === 'kept' ? 'kept; clean --all removes it' : 'dead';
}

/** What a run has made until now and not yet removed, for whoever will not wait for the cleaning. */
export function leftBehind(runId: string): string {
  const entry = readEntries(registryFolder()).entries.find((each) => each.runId === runId);
  const made = [
    ...(entry?.clusters ?? []).map(({ name }) => `kind cluster ${name}`),
    ...(entry?.live ?? []).map(({ context }) => `namespaces and changed settings on context ${context}`),
    ...(entry?.containers ?? []).map(({ id }) => `container ${id}`),
    ...(entry?.children ?? []).map(({ what, pid }) => `${what} (pid ${pid})`),
  ];
  return made.length === 0 ? 'nothing is left behind' : `left behind: ${made.join(', ')}\n"meshproof clean" removes it`;
}
