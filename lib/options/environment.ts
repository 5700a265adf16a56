import { didYouMean, suggestedSlip, UsageError } from '../words/index.ts';
import { optionRows } from './options.ts';
import { type Layer, type OptionValue, readOptionText } from './values.ts';

/** Variables that are not options: what a run tells its processes, and what the contract tests read. */
export const ownVariables: readonly string[] = ['MESHPROOF_RUN_ID', 'MESHPROOF_CONTRACT_KUBECONFIG'];

const environmentRows = optionRows.filter((row) => !row.commandLineOnly);

/**
 * The options in the environment. An empty variable counts as unset.
 *
 * @throws UsageError for a value that is not allowed, and as {@link refuseUnknownVariables}
 */
export function readEnvironment(environment: NodeJS.ProcessEnv): Layer {
  refuseUnknownVariables(environment);
  const values = new Map<string, OptionValue>();
  for (const row of environmentRows) {
    const text = environment[row.variable] ?? '';
    if (text !== '') values.set(row.name, readOptionText(row, text, row.variable));
  }
  return { source: 'environment', values };
}

/** The environment without options, for child programs whose options are on their command lines. */
export function withoutOptions(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(environment).filter(([name]) => !isOurs(name) || ownVariables.includes(name));
  return Object.fromEntries(others);
}

/**
 * Refuses variables that look like an option and are none. If a misspelt provider were ignored, a run meant for a real mesh
 * could take place in the sandbox.
 *
 * @throws UsageError with the nearest right name
 */
export function refuseUnknownVariables(environment: NodeJS.ProcessEnv): void {
  const known = environmentRows.map((row) => row.variable);
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || value === '' || known.includes(name) || ownVariables.includes(name)) continue;
    const elsewhere = optionRows.find((row) => row.variable === name);
    if (elsewhere !== undefined) {
      throw new UsageError(`${name} cannot be set: --${elsewhere.name} is for the command line only`);
    }
    if (isOurs(name)) {
      const hint = didYouMean(name, known);
      throw new UsageError(`${name} is not an option${hint} (unset it, or see meshproof run --help)`);
    }
    const meant = /^mesh/i.test(name) ? suggestedSlip(name, known) : undefined;
    if (meant !== undefined) throw new UsageError(`${name} is not an option; did you mean "${meant}"?`);
  }
}

function isOurs(name: string): boolean {
  return name.toUpperCase().startsWith('MESHPROOF_');
}
