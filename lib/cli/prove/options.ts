import type { Command } from 'commander';
import { UsageError } from '../../words/index.ts';

/** The options of `meshproof prove`, as commander reads them. */
export interface ProveOptions {
  quick?: boolean;
  alone?: boolean;
  fault?: string[];
  suite?: string[];
  /** Number of sandboxes side by side. Default: two for each core with `quick`, else three for every two cores. */
  parallel?: number;
  resume?: boolean;
  json?: boolean;
  out: string;
}

const EXAMPLES = `
Examples:
  meshproof prove --quick                       every case, with the claims that must notice it
  meshproof prove                               every case, with all claims: the whole matrix
  meshproof prove --resume                      continue an interrupted matrix
  meshproof prove --fault ports-ignored --suite tcp-routing
  meshproof prove --alone --quick               the claims that must notice each case, alone and beside all others
  meshproof run --provider sandbox --sandbox-fault ports-ignored    one of its runs alone

docs/faults.md describes all cases. Exit status: 0 as expected, 1 not as expected, 2 wrong use, 130 interrupted.
`;

export function addProve(command: Command): Command {
  const list = (text: string, before: string[] = []): string[] => [...before, ...text.split(',').filter(Boolean)];
  return command
    .option('--quick', 'run only the claims that must notice each case')
    .option('--alone', 'also judge the claims one at a time; each verdict must be the one beside all others')
    .option('--fault <name>', 'run this case only (repeatable, comma lists)', list)
    .option('--suite <name>', 'run the claims of this suite only (repeatable, comma lists)', list)
    .option(
      '--parallel <n>',
      'number of sandboxes side by side (default: two for each core with --quick, else three for every two cores)',
      wholeNumber,
    )
    .option('--resume', 'keep earlier cells with the expected result, if nothing has changed since')
    .option('--json', 'print the matrix as JSON')
    .option('--out <dir>', 'folder for the matrix and its runs', 'reports/prove')
    .addHelpText('after', EXAMPLES);
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UsageError(`--parallel must be a whole number from 1 to 99, not "${text}"`);
}
