import {
  filesOf,
  forgetSpent,
  ledgerFolder,
  meshproofClusters,
  type RunEntry,
  readEntries,
  type Standing,
  standingOf,
} from '../ledger/index.ts';

/** A line for each thing that former runs left behind, dead or kept. */
export async function describeLeftovers(folder: string = ledgerFolder()): Promise<string[]> {
  forgetSpent(folder);
  const { entries, unreadable } = readEntries(folder);
  const lines = entries.flatMap((entry) => describeEntry(entry, standingOf(entry), filesOf(folder, entry.runId)));
  lines.push(...unreadable.map((file) => `${file}: not readable as a page of the ledger`));
  const strays = await strayClusters(entries).catch((error: Error) => {
    lines.push(`kind clusters could not be listed: ${error.message}`);
    return [];
  });
  lines.push(...strays.map((name) => `kind cluster ${name}: no run in this user's ledger owns it`));
  return lines;
}

/** kind clusters that carry this program's name and that the ledger does not know. */
export async function strayClusters(entries: readonly RunEntry[]): Promise<string[]> {
  const owned = new Set(entries.flatMap((entry) => entry.clusters.map((cluster) => cluster.name)));
  return (await meshproofClusters()).filter((name) => !owned.has(name));
}

function describeEntry(entry: RunEntry, standing: Standing, files: readonly string[]): string[] {
  if (standing === 'alive') return [];
  const made = [
    ...entry.clusters.map((cluster) => `kind cluster ${cluster.name}`),
    ...entry.containers.map((container) => `container ${container.id}`),
    ...entry.children.map((child) => `${child.what} (pid ${child.pid})`),
    ...entry.live.map((live) => `settings on context ${live.context}`),
    ...files,
  ];
  const what = made.length > 0 ? made.join(', ') : 'nothing but its page in the ledger';
  return [`run ${entry.runId} of ${entry.begun} (${saying(entry, standing)}): ${what}`];
}

function saying(entry: RunEntry, standing: Standing): string {
  if (standing === 'elsewhere') return `on ${entry.space.host}, which is not here; clean --all takes it for dead`;
  return standing === 'kept' ? 'kept; clean --all removes it' : 'dead';
}
