import { registryFolder } from '../folders.ts';
import { isEmpty, type RunEntry } from './entry.ts';
import { deletion, engineVariables, kindClusterNames } from './leftover-containers.ts';
import { livingOf } from './processes.ts';
import { describeBadFiles, filesOf, type RunState, readEntries, runStateOf } from './store.ts';

/** A line for each run that left something behind, crashed or kept. Never throws. */
export async function describeLeftovers(folder?: string): Promise<string[]> {
  try {
    return await describeFolder(folder ?? registryFolder());
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function describeFolder(folder: string): Promise<string[]> {
  const lines = describeBadFiles(folder);
  const { entries } = readEntries(folder);
  lines.push(...entries.flatMap((entry) => describeEntry(entry, runStateOf(entry), filesOf(folder, entry.runId))));
  const strays = await strayClusters(entries).catch((error: Error) => [
    `kind clusters could not be listed: ${error.message}`,
  ]);
  return [...lines, ...strays];
}

/**
 * A line for each kind cluster that has this program's name and no entry in the registry.
 * @throws Error where kind is there and fails
 */
export async function strayClusters(entries: readonly RunEntry[]): Promise<string[]> {
  const owned = new Set(entries.flatMap((entry) => entry.clusters.map((cluster) => cluster.name)));
  const env = engineVariables();
  return ((await kindClusterNames(env)) ?? [])
    .filter((name) => name.startsWith('meshproof-') && !owned.has(name))
    .map((name) => {
      const whose = "no run in this user's registry made it, so another user may be using it";
      return `kind cluster ${name}: ${whose}; if nobody does: ${deletion(name, env)}`;
    });
}

function describeEntry(entry: RunEntry, state: RunState, files: readonly string[]): string[] {
  const made = [...madeBy(entry), ...files];
  const isSpent = () => isEmpty({ ...entry, children: [] }) && files.length === 0 && livingOf(entry).length === 0;
  if (state === 'alive' || (state === 'dead' && isSpent())) return [];
  const what = made.length > 0 ? made.join(', ') : 'nothing but its entry in the registry';
  const states = {
    elsewhere: `on ${entry.space.host}, another machine or container; clean --all treats it as dead`,
    kept: 'kept; clean --all removes it',
    dead: 'dead',
  };
  return [`run ${entry.runId} of ${entry.begun} (${states[state]}): ${what}`];
}

function madeBy(entry: RunEntry): string[] {
  return [
    ...entry.clusters.map(({ name }) => `kind cluster ${name}`),
    ...entry.live.map(({ context }) => `namespaces and changed settings on context ${context}`),
    ...entry.containers.map(({ id }) => `container ${id}`),
    ...entry.children.map(({ what, pid }) => `${what} (pid ${pid})`),
  ];
}

/** What a run has made and not yet removed, for users who do not wait until it has cleaned up. */
export function leftBehind(runId: string): string {
  const entry = readEntries(registryFolder()).entries.find((each) => each.runId === runId);
  const made = entry === undefined ? [] : madeBy(entry);
  return made.length === 0 ? 'nothing is left behind' : `left behind: ${made.join(', ')}\n"meshproof clean" removes it`;
}
