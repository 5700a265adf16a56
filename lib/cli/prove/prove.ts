import { rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { exitStatus } from '../../console/exit-status.ts';
import { CellRegistry, cellLine, matrixOf, matrixPage, matrixText, planCells, runCells } from '../../prove/index.ts';
import { refuseBadFolders } from '../../run/folders.ts';
import { onUnforeseen } from '../../run/interrupt.ts';
import { loadCatalogue } from '../../run/suites.ts';
import { checkSuite } from '../../schedule/index.ts';
import type { ProveOptions } from './options.ts';
import { originOf } from './origin.ts';
import { CellRunner } from './run-cell.ts';

/**
 * Runs the suites against faulty meshes, conforming variants and environment faults, and prints the matrix.
 *
 * @returns 0 if every cell has the expected result, 1 otherwise, 130 after Ctrl-C
 * @throws UsageError for an unknown case or suite
 */
export async function proveCommand(options: ProveOptions): Promise<number> {
  const { quick = false, alone = false, fault = [], suite = [], resume = false, json = false } = options;
  const claims = await loadCatalogue();
  const known = [...new Set(claims.map((claim) => claim.suite))];
  for (const name of suite) checkSuite(name, known);
  const { plans, skipped } = planCells({ quick, alone, names: fault, suites: suite }, claims);
  const out = resolve(options.out);
  refuseBadFolders(out);
  if (!resume) rmSync(join(out, 'cells'), { recursive: true, force: true });
  const registry = new CellRegistry(join(out, 'cells.jsonl'), await originOf());
  const say = (text: string): void => {
    (json ? process.stderr : process.stdout).write(`${text}\n`);
  };
  const abort = new AbortController();
  const runner = new CellRunner(out);
  const interrupt = (): void => {
    abort.abort();
    void runner.close();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupt);
  let unforeseen: unknown;
  const ignoreUnforeseen = onUnforeseen((error) => {
    unforeseen ??= error;
    interrupt();
  });
  // Most of the time a cell waits for changes to act and to settle. A cell of few claims waits most.
  const parallel = options.parallel ?? Math.ceil((quick ? 2 : 1.5) * availableParallelism());
  for (const name of skipped) say(`- ${name}: its expected claims are not selected`);
  say(`${plans.length} sandboxes, ${parallel} side by side`);
  const cells = runCells(plans, {
    parallel,
    registry,
    resume,
    runCell: (each, claims) => runner.run(each, claims),
    tell: (result) => say(cellLine(result)),
    signal: abort.signal,
  });
  // Also after an error, such as a full disk: no sandbox may outlive this.
  const results = await cells.finally(async () => {
    await runner.close();
    ignoreUnforeseen();
  });
  if (unforeseen !== undefined) throw unforeseen;
  const matrix = matrixOf(
    results,
    claims.map(({ id }) => id),
  );
  writeFileSync(join(out, 'matrix.json'), `${JSON.stringify(matrix, undefined, 1)}\n`);
  writeFileSync(join(out, 'matrix.html'), matrixPage(matrix));
  if (json) process.stdout.write(`${JSON.stringify(matrix)}\n`);
  say(`\n${matrixText(matrix)}\n${join(out, 'matrix.html')}`);
  if (abort.signal.aborted) return exitStatus.interrupted;
  return matrix.isAsExpected ? exitStatus.fine : exitStatus.failed;
}
