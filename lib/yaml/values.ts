import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { kubernetesScalar } from './kubernetes-scalar.ts';
import { unquoted } from './mistakes.ts';

/** Keys and indices from the root to a value. */
export type Path = readonly (string | number)[];

/** A mistake at an offset of the text. */
export interface Found {
  offset: number;
  message: string;
}

export interface ReadOptions {
  /**
   * Whether to read the value at a path, and all within it, as `kubectl` does. Everything else is YAML 1.2.
   */
  isKubernetes?(path: Path): boolean;
  /** True for a text with placeholders: then the most frequent mistake, `{{port}}` without quotes, has its own message. */
  placeholders?: boolean;
}

/** Levels of lists and maps. Definitions of custom resources have fifty. */
export const maxDepth = 500;
/** Values that all aliases together may stand for: a text of 1 KiB can make billions of them. */
const maxAliased = 100_000;

/** A list, a map or a scalar, and what is around it. */
interface Where {
  path: Path;
  kubernetes: boolean;
  /** The lists and maps around this, also those of aliases. */
  around: readonly Node[];
  /** The outermost alias that this belongs to. */
  alias?: Alias;
}

/** Ends the reading: the rest would be useless, or never end. */
class Fatal extends Error {}

/**
 * Turns the nodes of one document into values, and notes mistakes.
 * @param line the line of an offset
 * @returns the document's value, useless if anything was found; `target` gives what an alias stands for, or the node itself
 */
export function readValue(
  { contents }: Document,
  text: string,
  options: ReadOptions,
  line: (offset: number) => number,
): { value: unknown; found: Found[]; target(node: unknown): unknown } {
  const found: Found[] = [];
  const anchors = new Map<string, Node>();
  /** What each alias stands for, decided at its place, even if it is also within another alias. */
  const targets = new Map<Alias, Node>();
  let aliased = 0;

  const note = (node: unknown, message: string): void => {
    found.push({ offset: start(node) ?? 0, message });
  };
  const fatal = (node: unknown, message: string): Fatal => {
    note(node, message);
    return new Fatal(message);
  };

  const read = (node: unknown, where: Where): unknown => {
    const { alias, path, around } = where;
    const kubernetes = where.kubernetes || options.isKubernetes?.(path) === true;
    if (alias !== undefined && ++aliased > maxAliased) {
      const limit = maxAliased.toLocaleString('en');
      throw fatal(alias, `the aliases up to this one stand for more than ${limit} values`);
    }
    if (around.length > maxDepth) throw fatal(alias ?? node, tooDeep);
    if (!isNode(node)) return null;
    if (isAlias(node)) return aliasValue(node, { ...where, kubernetes });
    if (alias === undefined && node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isScalar(node)) return kubernetes ? scalarValue(node) : node.value;
    if (kubernetes) refuseTag(node, ['tag:yaml.org,2002:map', 'tag:yaml.org,2002:seq']);
    const within = { ...where, kubernetes, around: [...around, node] };
    if (isSeq(node)) return seqValue(node, within);
    return isMap(node) ? mapValue(node, within) : null;
  };

  const aliasValue = (alias: Alias, where: Where): unknown => {
    const target = targets.get(alias) ?? anchors.get(alias.source);
    if (target === undefined) throw fatal(alias, `there is no anchor &${alias.source} before this`);
    targets.set(alias, target);
    if (where.around.includes(target)) throw fatal(alias, `*${alias.source} is inside of itself`);
    return read(target, { ...where, alias: where.alias ?? alias });
  };

  const scalarValue = (node: Scalar): unknown => {
    refuseTag(node, ['tag:yaml.org,2002:str', '!']);
    if (node.type !== 'PLAIN' || node.tag !== undefined) return node.source ?? node.value;
    const reading = kubernetesScalar(node.source ?? '');
    if ('value' in reading) return reading.value;
    note(node, reading.refused);
    return null;
  };

  const refuseTag = (node: Node, known: readonly string[]): void => {
    const { tag } = node;
    if (tag === undefined || known.includes(tag)) return;
    const name = tag.replace('tag:yaml.org,2002:', '!!');
    note(node, `the tag ${name} is not supported here; write the value without it`);
  };

  const seqValue = ({ items }: YAMLSeq, where: Where): unknown[] =>
    items.map((item, index) => {
      // `- ? a` makes a pair; a map of one pair is meant.
      if (isPair(item)) throw fatal(item.key, 'a list item is a value; write { } around a key and its value');
      return read(item, { ...where, path: [...where.path, index] });
    });

  const mapValue = (map: YAMLMap, where: Where): unknown => {
    const message = options.placeholders ? unquoted(text, start(map) ?? 0) : undefined;
    if (message !== undefined) {
      note(map, message);
      return {};
    }
    const fields = new Map<string, unknown>();
    const keys = new Map<string, number>();
    for (const pair of map.items) {
      if (where.kubernetes && isMergeKey(pair)) {
        merge(pair.value, fields, where);
        continue;
      }
      const key = keyOf(pair, where);
      const before = keys.get(key);
      if (before !== undefined) note(pair.key, `${key} is already in line ${line(before)}; write a field once`);
      keys.set(key, start(pair.key) ?? 0);
      fields.set(key, read(pair.value, { ...where, path: [...where.path, key] }));
    }
    return Object.fromEntries(fields);
  };

  const keyOf = ({ key }: Pair, { kubernetes }: Where): string => {
    if (!isScalar(key)) throw fatal(key, 'a key must be a text, not a list, a map or an alias');
    if (!kubernetes) return key.value === null ? '' : String(key.value);
    refuseTag(key, ['tag:yaml.org,2002:str']);
    const source = key.source ?? String(key.value);
    if (key.type !== 'PLAIN') return source;
    const reading = kubernetesScalar(source);
    const meant = 'value' in reading ? String(reading.value) : source;
    if (meant !== source) note(key, `Kubernetes reads the key ${source || 'nothing'} as ${meant}; write it in quotes`);
    return source;
  };

  /** As in go-yaml, merged fields replace those above, and the first map of a list has priority. */
  const merge = (value: unknown, fields: Map<string, unknown>, where: Where): void => {
    const merged: unknown = read(value, where);
    for (const map of Array.isArray(merged) ? merged.toReversed() : [merged]) {
      if (typeof map !== 'object' || map === null || Array.isArray(map)) {
        note(value, '<< merges a map, or a list of maps');
        return;
      }
      for (const [key, field] of Object.entries(map)) fields.set(key, field);
    }
  };

  const target = (node: unknown): unknown => (isAlias(node) ? targets.get(node) : node);
  try {
    return { value: read(contents, { path: [], kubernetes: false, around: [] }), found, target };
  } catch (error) {
    if (!(error instanceof Fatal)) throw error;
    return { value: undefined, found, target };
  }
}

export const tooDeep = `lists and maps are nested more than ${maxDepth} deep here`;

function isMergeKey({ key }: Pair): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<';
}

/** Where a node begins in the text; undefined if it has no place of its own. */
export function start(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
