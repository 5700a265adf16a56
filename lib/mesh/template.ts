import type { DriverSpec } from './driver.ts';
import { type MeshContext, type ModeName, modeNames, type Party } from './mesh.ts';

/** What placeholders stand for, by name: `port`, `client.namespace`. */
export type Values = Record<string, string | number | boolean>;

export interface Filling {
  values: Values;
  /** The user's `KEY=VALUE` list, for `set.KEY|default` and for the splice. */
  sets: readonly string[];
}

/** One `{{name|fallback}}` of a text. */
export interface Placeholder {
  name: string;
  fallback?: string;
  /** Where it begins in the text. */
  index: number;
}

/** A list item that is only this becomes `--set KEY=VALUE` for each value of the user. */
export const splice = '{{sets}}';

const DOMAIN = 'cluster.domain';

// No run of blanks can match in two ways: that would take exponential time on a long one.
const pattern = /\{\{\s*(?:([^{}|\s]+)\s*)?(?:\|([^{}]*))?\}\}/g;

/** The placeholders of a text, in order. */
export function placeholders(text: string): Placeholder[] {
  return [...text.matchAll(pattern)].map(({ 1: name = '', 2: fallback, index }) => ({
    name,
    index,
    ...(fallback === undefined ? {} : { fallback: fallback.trim() }),
  }));
}

/** True if braces are left over besides the well-formed placeholders. */
export function hasStrayBraces(text: string): boolean {
  return /\{\{|\}\}/.test(text.replaceAll(pattern, ''));
}

/** The names of all placeholders within a part of a driver. */
export function placeholderNames(part: unknown): Set<string> {
  if (typeof part === 'string') return new Set(placeholders(part).map(({ name }) => name));
  if (typeof part !== 'object' || part === null) return new Set();
  return new Set(Object.values(part).flatMap((item) => [...placeholderNames(item)]));
}

/** The modes that the steps of the installation set themselves. */
export function modesInInstall({ install }: DriverSpec): ModeName[] {
  const names = placeholderNames(install);
  return modeNames.filter((mode) => names.has(`modes.${mode}`));
}

/** Whether any part of a driver names the cluster's domain. */
export function usesDomain(spec: DriverSpec): boolean {
  return placeholderNames(spec).has(DOMAIN);
}

/** What the run and its cluster give to every step. */
export function contextValues({ kubeconfig, clusterDomain }: MeshContext): Values {
  return { kubeconfig, ...(clusterDomain === undefined ? {} : { [DOMAIN]: clusterDomain }) };
}

/** A workload's placeholders: `client.namespace` and so on. */
export function partyValues(role: 'client' | 'server', { namespace, serviceAccount, app }: Party): Values {
  return { [`${role}.namespace`]: namespace, [`${role}.serviceAccount`]: serviceAccount, [`${role}.app`]: app };
}

/** The single values of a word: Helm takes several (`a=1,b=2`); a comma that no `key=` follows belongs to the value. */
function setPairs(set: string): string[] {
  return set.split(/,(?=[^,={}]+=)/);
}

/** The installer's values by key; the last one wins. */
export function setValues(sets: readonly string[]): Map<string, string> {
  const pairs = sets.flatMap(setPairs).filter((pair) => pair.indexOf('=') > 0);
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

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
    .map((set) => setPairs(set).filter((pair) => !isOwn(pair)))
    .flatMap((pairs) => (pairs.length === 0 ? [] : [pairs.join(',')]));
  return { values: { ...values, ...Object.fromEntries(own) }, sets: others };
}

/**
 * A copy of `template` with every placeholder filled in. A text that is only a placeholder takes the value's own type, so
 * that `'{{port}}'` becomes a number.
 * @throws RangeError for a placeholder without value, which checking a driver excludes
 */
export function fill<T>(template: T, filling: Filling): T {
  const sets = setValues(filling.sets);
  const resolve = ({ name, fallback }: Placeholder): Values[string] => {
    const value = name.startsWith('set.') ? sets.get(name.slice('set.'.length)) : filling.values[name];
    if (value !== undefined) return value;
    if (fallback !== undefined) return fallback;
    throw new RangeError(`{{${name}}} has no value here`);
  };
  const fillText = (text: string): Values[string] => {
    const [first, second] = placeholders(text);
    const isOnlyOne = second === undefined && text.replace(pattern, '') === '';
    if (first !== undefined && isOnlyOne) return resolve(first);
    return text.replaceAll(pattern, (found) => placeholders(found).map(resolve).join(''));
  };
  const walk = (node: unknown): unknown => {
    if (typeof node === 'string') return fillText(node);
    if (Array.isArray(node)) {
      return node.flatMap((item) => (item === splice ? filling.sets.flatMap((set) => ['--set', set]) : [walk(item)]));
    }
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value)]));
  };
  return walk(template) as T;
}

const unitMs = { ms: 1, s: 1000, m: 60_000 };

/** A driver's duration (`500ms`, `15s`, `2m`) times `scale`, in ms. The schema has checked its form. */
export function durationMs(text: string, scale: number): number {
  const [, amount, unit] = /^(\d+)(ms|s|m)$/.exec(text) ?? [];
  if (unit !== 'ms' && unit !== 's' && unit !== 'm') throw new RangeError(`not a duration: ${text}`);
  return Number(amount) * unitMs[unit] * scale;
}
