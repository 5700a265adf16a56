import { type CellPlan, type CellResult, type CellRun, judgeCell } from './cell.ts';
import type { CellRegistry } from './ledger.ts';

export interface WorkFolder {
  /** How many sandboxes side by side. */
  parallel: number;
  registry: CellRegistry;
  /** Takes a cell from the registry where it is there. */
  resume: boolean;
  runCell(plan: CellPlan): Promise<CellRun>;
  /** Called as each cell comes out. */
  tell(result: CellResult): void;
  signal: AbortSignal;
}

/** Runs the cells, some side by side, each once. Answers those that came out before the end. */
export async function runCells(plans: CellPlan[], workFolder: WorkFolder): Promise<CellResult[]> {
  const { parallel, registry, resume, signal } = workFolder;
  const results: CellResult[] = [];
  const waiting = [...plans];
  const work = async (): Promise<void> => {
    for (let plan = waiting.shift(); plan !== undefined && !signal.aborted; plan = waiting.shift()) {
      const known = resume ? registry.find(plan) : undefined;
      const result = known ?? (await runOne(plan, workFolder));
      if (signal.aborted && known === undefined) return;
      if (known === undefined) registry.keep(result);
      results.push(result);
      workFolder.tell(result);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return results;
}

async function runOne(plan: CellPlan, { runCell }: WorkFolder): Promise<CellResult> {
  const run = await runCell(plan);
  const wrong = judgeCell(plan, run);
  return {
    name: plan.case.name,
    ...(plan.suites === undefined ? {} : { suites: plan.suites }),
    ...run,
    ...(wrong.length === 0 ? {} : { wrong }),
  };
}
