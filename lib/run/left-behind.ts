import { readEntries, registryFolder } from './registry/index.ts';

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
