import type { DriverSpec } from './driver.ts';
import { type MeshContext, type ModeName, modeNames, type Party } from './mesh.ts';

/** What placeholders stand for, by name: `port`, `client.namespace`. */
export type Values = Record<string, string | number | boolean | Headers>;

/** The headers that a request must have: names to regular expressions. */
export type Headers = Record<string, string>;

export interface Filling {
  values: Values;
  /** The user's `KEY=VALUE` list, for `set.KEY|default` and for the splice. */
  sets: readonly string[];
  /**
   * What there may be several of, such as the clients of a policy: for each one its placeholders. The smallest list item
   * that has all of these placeholders that its object has is repeated for each.
   */
  several?: readonly Values[][];
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

/** The optional placeholder of an HTTP request's headers. A field or list item that is only this is left out where there are none. */
const HEADERS = 'headers';

/**
 * A copy of `template` with every placeholder filled in. A text that is only a placeholder takes the value's own type, so
 * that `'{{port}}'` becomes a number.
 * @throws RangeError for a placeholder without value, which checking a driver excludes
 */
export function fill<T>(template: T, filling: Filling): T {
  return fillNode(template, filling) as T;
}

function fillNode(node: unknown, filling: Filling): unknown {
  if (typeof node === 'string') return fillText(node, filling);
  if (Array.isArray(node)) return node.flatMap((item) => fillItem(item, filling));
  if (typeof node !== 'object' || node === null) return node;
  const fields = Object.entries(node).map(([key, value]) => [key, fillNode(value, filling)]);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** A list item, repeated for each of what it names of which there are several. */
function fillItem(item: unknown, filling: Filling): unknown[] {
  if (item === splice) return filling.sets.flatMap((set) => ['--set', set]);
  const { several = [], ...rest } = filling;
  const repeating = several.filter((all) => repeats(item, new Set(all.flatMap(Object.keys))));
  const fillings = repeating.reduce<Filling[]>(
    (found, all) => found.flatMap((one) => all.map((values) => ({ ...one, values: { ...one.values, ...values } }))),
    [{ ...rest, several: several.filter((all) => !repeating.includes(all)) }],
  );
  return fillings.map((each) => fillNode(item, each)).filter((each) => each !== undefined);
}

/** Whether a list item is the smallest one that has these placeholders, or those of them that it has at all. */
function repeats(item: unknown, names: ReadonlySet<string>): boolean {
  const namedIn = (part: unknown) => [...placeholderNames(part)].filter((name) => names.has(name));
  const all = namedIn(item).length;
  const { apart, items } = splitAtLists(item);
  return (
    all > 0 && (apart.some((text) => namedIn(text).length > 0) || !items.some((each) => namedIn(each).length === all))
  );
}

/** The texts of a list item that are in no list within it, and the items of those lists. */
function splitAtLists(node: unknown): { apart: string[]; items: unknown[] } {
  if (typeof node === 'string') return { apart: [node], items: [] };
  if (Array.isArray(node)) return { apart: [], items: node };
  if (typeof node !== 'object' || node === null) return { apart: [], items: [] };
  const parts = Object.values(node).map(splitAtLists);
  return { apart: parts.flatMap(({ apart }) => apart), items: parts.flatMap(({ items }) => items) };
}

function fillText(text: string, { values, sets }: Filling): Values[string] | undefined {
  const ofUser = setValues(sets);
  const resolve = ({ name, fallback }: Placeholder): Values[string] | undefined => {
    const value = name.startsWith('set.') ? ofUser.get(name.slice('set.'.length)) : values[name];
    if (value !== undefined || name === HEADERS) return value;
    if (fallback !== undefined) return fallback;
    throw new RangeError(`{{${name}}} has no value here`);
  };
  const [first, second] = placeholders(text);
  const isOnlyOne = second === undefined && text.replace(pattern, '') === '';
  if (first !== undefined && isOnlyOne) return resolve(first);
  return text.replaceAll(pattern, (found) => placeholders(found).map(resolve).join(''));
}

const unitMs = { ms: 1, s: 1000, m: 60_000 };

/** A driver's duration (`500ms`, `15s`, `2m`) times `scale`, in ms. The schema has checked its form. */
export function durationMs(text: string, scale: number): number {
  const [, amount, unit] = /^(\d+)(ms|s|m)$/.exec(text) ?? [];
  if (unit !== 'ms' && unit !== 's' && unit !== 'm') throw new RangeError(`not a duration: ${text}`);
  return Number(amount) * unitMs[unit] * scale;
}
