import type { DriverSpec } from '../driver.ts';
import { setPairs, setValues } from './sets.ts';
import type { Filling, Values } from './template.ts';

/**
 * What a driver's placeholders stand for: `values`, the driver's own variables, and the user's `KEY=VALUE` list without
 * what was meant for the variables.
 */
export function fillingFor(spec: Pick<DriverSpec, 'variables'>, sets: readonly string[], values: Values = {}): Filling {
  const variables = Object.entries(spec.variables ?? {});
  if (variables.length === 0) return { values, sets };
  const given = setValues(sets);
  const own = variables.map(([name, variable]) => [`var.${name}`, given.get(name) ?? variable.default]);
  const isOwn = (pair: string): boolean => variables.some(([name]) => pair.startsWith(`${name}=`));
  const others = sets
    .map((set) =>
      setPairs(set)
        .filter((pair) => !isOwn(pair))
        .join(','),
    )
    .filter((set) => set !== '');
  return { values: { ...values, ...Object.fromEntries(own) }, sets: others };
}
