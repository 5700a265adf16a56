import { setArguments, setValues } from './sets.ts';

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
  /** Where in the text it starts. */
  index: number;
}

/** A list item that is this and nothing else becomes `--set KEY=VALUE` for each value of the user. */
export const splice = '{{sets}}';

// No run of blanks can be shared out in two ways, which would take for ever on a long one.
const pattern = /\{\{\s*(?:([^{}|\s]+)\s*)?(?:\|([^{}]*))?\}\}/g;

/** The placeholders of a text, in order. */
export function placeholders(text: string): Placeholder[] {
  return [...text.matchAll(pattern)].map(({ 1: name = '', 2: fallback, index }) => ({
    name,
    index,
    ...(fallback === undefined ? {} : { fallback: fallback.trim() }),
  }));
}

/** What is left of braces when the well-formed placeholders are taken out. */
export function hasStrayBraces(text: string): boolean {
  return /\{\{|\}\}/.test(text.replaceAll(pattern, ''));
}

/**
 * A copy of `template` with every placeholder filled in. A text that is one placeholder and nothing else takes the
 * value's own type, so that `'{{port}}'` becomes a number.
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
    const [first] = placeholders(text);
    if (first !== undefined && text.replace(pattern, '') === '') return resolveWhole(text, resolve);
    return text.replaceAll(pattern, (found) => placeholders(found).map(resolve).join(''));
  };
  const walk = (node: unknown): unknown => {
    if (typeof node === 'string') return fillText(node);
    if (Array.isArray(node))
      return node.flatMap((item) => (item === splice ? setArguments(filling.sets) : [walk(item)]));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value)]));
  };
  return walk(template) as T;
}

function resolveWhole(text: string, resolve: (placeholder: Placeholder) => Values[string]): Values[string] {
  const all = placeholders(text);
  const [first] = all;
  return all.length === 1 && first !== undefined ? resolve(first) : all.map(resolve).join('');
}
