import { editDistance } from '../words/index.ts';
import { environmentName, environmentRows } from './option-rows.ts';
import { type Layer, type OptionValue, readOptionText } from './option-values.ts';
import { UsageError } from './options.ts';

/**
 * The options that stand in the environment. An empty variable counts as none.
 *
 * @throws UsageError where a value is not allowed, or a variable is a misspelt option: one that is silently ignored can
 * turn a run against a real mesh into one in the sandbox.
 */
export function readEnvironment(environment: NodeJS.ProcessEnv): Layer {
  const values = new Map<string, OptionValue>();
  for (const row of environmentRows) {
    const name = environmentName(row.name);
    const text = environment[name];
    if (text !== undefined && text !== '') values.set(row.name, readOptionText(row, text, name));
  }
  refuseMisspelt(Object.keys(environment));
  return { source: 'environment', values };
}

function refuseMisspelt(present: string[]): void {
  const known = environmentRows.map((row) => environmentName(row.name));
  for (const name of present) {
    if (!name.startsWith('MESHPROOF_') || known.includes(name)) continue;
    const meant = known.find((candidate) => editDistance(candidate, name) <= 2);
    if (meant !== undefined) throw new UsageError(`${name} is no option's variable; did you mean "${meant}"?`);
  }
}
