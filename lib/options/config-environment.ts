import { didYouMean, editDistance } from '../words/index.ts';
import { commandLineRows, environmentName, environmentRows } from './option-rows.ts';
import { type Layer, type OptionValue, readOptionText } from './option-values.ts';
import { UsageError } from './options.ts';

const PREFIX = 'MESHPROOF_';

/** Variables that are no options: what a run tells the processes that it starts, and what the contract tests read. */
export const ownVariables: readonly string[] = [
  'MESHPROOF_RUN_ID',
  'MESHPROOF_SOCKET',
  'MESHPROOF_ALLURE_RESULTS',
  'MESHPROOF_CONTRACT_KUBECONFIG',
];

/**
 * The options that stand in the environment. An empty variable counts as none, whatever its name.
 *
 * @throws UsageError where a value is not allowed, and as {@link refuseUnknownVariables}
 */
export function readEnvironment(environment: NodeJS.ProcessEnv): Layer {
  refuseUnknownVariables(environment);
  const values = new Map<string, OptionValue>();
  for (const row of environmentRows) {
    const name = environmentName(row.name);
    const text = environment[name];
    if (text !== undefined && text !== '') values.set(row.name, readOptionText(row, text, name));
  }
  return { source: 'environment', values };
}

/** The environment without options, for programs of this one's whose options stand on their command lines. */
export function withoutOptions(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !isOurs(name) || ownVariables.includes(name)),
  );
}

/**
 * Refuses variables that look like an option's and are none: one that is silently ignored can turn a run against a real
 * mesh into one in the sandbox.
 *
 * @throws UsageError with the nearest right name
 */
export function refuseUnknownVariables(environment: NodeJS.ProcessEnv): void {
  const known = environmentRows.map((row) => environmentName(row.name));
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || value === '' || known.includes(name) || ownVariables.includes(name)) continue;
    if (isOurs(name)) throw new UsageError(`${name} ${whatIsWrong(name, known)}`);
    const meant = /^mesh/i.test(name) ? known.find((candidate) => editDistance(candidate, name) <= 2) : undefined;
    if (meant !== undefined) throw new UsageError(`${name} is no option's variable; did you mean "${meant}"?`);
  }
}

function isOurs(name: string): boolean {
  return name.toUpperCase().startsWith(PREFIX);
}

function whatIsWrong(name: string, known: readonly string[]): string {
  const row = commandLineRows.find((each) => environmentName(each.name) === name);
  if (row !== undefined) return `cannot be set: --${row.name} is for the command line only`;
  return `is no option's variable${didYouMean(name, known)} (unset it, or see meshproof run --help)`;
}
