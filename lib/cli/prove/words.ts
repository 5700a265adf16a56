import type { Command } from 'commander';
import { UsageError } from '../../words/index.ts';
import type { ProveOptions } from './prove.ts';

/** The options of `meshproof prove` as commander reads them. */
export interface ProveWords {
  quick?: boolean;
  fault?: string[];
  suite?: string[];
  parallel?: string;
  resume?: boolean;
  json?: boolean;
  out: string;
}

const EXAMPLES = `
Examples:
  meshproof prove --quick                       every fault, with the claims that must notice it
  meshproof prove                               every fault, with all claims: the whole matrix
  meshproof prove --resume                      go on with a matrix that was interrupted
  meshproof prove --fault ports-ignored --suite tcp-routing
  meshproof run --provider sandbox --sandbox-fault ports-ignored    one of its runs by itself

docs/faults.md describes all faults. Exit status: 0 as it should be, 1 not, 2 wrong use, 130 interrupted.
`;

export function addProve(command: Command): Command {
  const gather = (text: string, before: string[] = []): string[] => [...before, ...text.split(',').filter(Boolean)];
  return command
    .option('--quick', 'one cell for each fault: only the claims that must notice it')
    .option('--fault <name>', 'this fault, right variant or failing environment only (repeatable, comma lists)', gather)
    .option('--suite <name>', 'claims of this suite only (repeatable, comma lists)', gather)
    .option(
      '--parallel <n>',
      'sandboxes side by side (default: two for every core with --quick, otherwise three for every two cores)',
    )
    .option('--resume', 'keep the cells that came out right before, if nothing has changed since')
    .option('--json', 'print the matrix as JSON')
    .option('--out <dir>', 'folder for the matrix and its runs', 'reports/prove')
    .addHelpText('after', EXAMPLES);
}

/** @throws UsageError for a number that is none */
export function readProve({ quick, fault, suite, parallel, resume, json, out }: ProveWords): ProveOptions {
  if (parallel !== undefined && !/^[1-9]\d?$/.test(parallel)) {
    throw new UsageError(`--parallel must be a whole number of at least 1, not "${parallel}"`);
  }
  return {
    quick: quick === true,
    faults: fault ?? [],
    suites: suite ?? [],
    ...(parallel === undefined ? {} : { parallel: Number(parallel) }),
    resume: resume === true,
    json: json === true,
    out,
  };
}
