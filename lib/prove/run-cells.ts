import { type CellPlan, type CellResult, type CellRun, judgeCell } from './cell.ts';
import type { CellLedger } from './ledger.ts';

export interface Workshop {
  /** How many sandboxes side by side. */
  parallel: number;
  ledger: CellLedger;
  /** Takes a cell from the ledger where it is there. */
  resume: boolean;
  runCell(plan: CellPlan): Promise<CellRun>;
  /** Called as each cell comes out. */
  tell(result: CellResult): void;
  signal: AbortSignal;
}

/** Runs the cells, some side by side, each once. Answers those that came out before the end. */
export async function runCells(plans: CellPlan[], workshop: Workshop): Promise<CellResult[]> {
  const { parallel, ledger, resume, signal } = workshop;
  const results: CellResult[] = [];
  const waiting = [...plans];
  const work = async (): Promise<void> => {
    for (let plan = waiting.shift(); plan !== undefined && !signal.aborted; plan = waiting.shift()) {
      const known = resume ? ledger.find(plan) : undefined;
      const result = known ?? (await runOne(plan, workshop));
      if (signal.aborted && known === undefined) return;
      if (known === undefined) ledger.keep(result);
      results.push(result);
      workshop.tell(result);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return results;
}

async function runOne(plan: CellPlan, { runCell }: Workshop): Promise<CellResult> {
  const run = await runCell(plan);
  const wrong = judgeCell(plan, run);
  return {
    name: plan.case.name,
    ...(plan.suites === undefined ? {} : { suites: plan.suites }),
    ...run,
    ...(wrong.length === 0 ? {} : { wrong }),
  };
}
