import { strayClusters } from './doctor/leftovers.ts';
import { exitStatus } from './exit-status.ts';
import {
  deleteCluster,
  engineVariables,
  ledgerFolder,
  type RunEntry,
  readEntries,
  removeAbandoned,
  standingOf,
  sweepRun,
} from './ledger/index.ts';

/**
 * Removes what dead runs left, and puts settings back. With `all` also what was kept, what belongs to runs on other
 * machines or in other containers, and kind clusters of this program's name that no run in the ledger owns: they can be
 * another user's, whose ledger cannot be seen from here.
 *
 * @returns the exit status: fine where nothing is left that should not be
 */
export async function cleanCommand(all: boolean, folder: string = ledgerFolder()): Promise<number> {
  let removed = 0;
  const report = (line: string): void => {
    removed++;
    process.stdout.write(`${line}\n`);
  };
  let isClean = true;
  removeAbandoned(folder);
  const { entries, unreadable } = readEntries(folder);
  for (const entry of entries) {
    const standing = standingOf(entry);
    if (standing === 'dead' || (all && standing !== 'alive')) {
      isClean = (await sweepRun(entry, report, folder, all)) && isClean;
    } else if (standing === 'alive') {
      process.stdout.write(`run ${entry.runId} is under way (pid ${entry.owner.pid}): left alone\n`);
    } else {
      const why = standing === 'kept' ? 'kept' : `on ${entry.space.host}`;
      process.stdout.write(`run ${entry.runId} (${why}): left alone; --all removes what it left\n`);
    }
  }
  for (const file of unreadable) process.stderr.write(`meshproof: ${file} is not readable as a page of the ledger\n`);
  for (const name of await listStrays(entries)) {
    if (!all) {
      process.stdout.write(`kind cluster ${name}: no run in this user's ledger owns it; --all deletes it\n`);
      continue;
    }
    await deleteCluster({ name, binary: 'kind', env: engineVariables() });
    report(`deleted kind cluster ${name}`);
  }
  if (removed === 0) process.stdout.write('nothing to clean\n');
  return isClean && unreadable.length === 0 ? exitStatus.fine : exitStatus.broken;
}

/** What cannot be listed does not keep the rest from being cleaned. */
async function listStrays(entries: readonly RunEntry[]): Promise<string[]> {
  try {
    return await strayClusters(entries);
  } catch (error) {
    process.stderr.write(`meshproof: ${error instanceof Error ? error.message : error}\n`);
    return [];
  }
}
