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

/** Ends the reading: the rest would be useless, or never end. */
class Fatal extends Error {
  readonly found: Found;
  constructor(found: Found) {
    super(found.message);
    this.found = found;
  }
}

/** Turns the nodes of one document into values, and notes mistakes. */
export class Values {
  readonly found: Found[] = [];
  readonly #text: string;
  readonly #options: ReadOptions;
  readonly #line: (offset: number) => number;
  readonly #anchors = new Map<string, Node>();
  /** What each alias stands for, decided at its place, even if it is also within another alias. */
  readonly #targets = new Map<Alias, Node>();
  #aliased = 0;

  constructor(text: string, options: ReadOptions, line: (offset: number) => number) {
    this.#text = text;
    this.#options = options;
    this.#line = line;
  }

  /** The document's value; useless if anything was found. */
  read({ contents }: Document): unknown {
    try {
      return this.#value(contents, { path: [], kubernetes: false, around: [] });
    } catch (error) {
      if (!(error instanceof Fatal)) throw error;
      this.found.push(error.found);
      return undefined;
    }
  }

  /** The node itself, or what its alias stands for. */
  target(node: unknown): unknown {
    return isAlias(node) ? this.#targets.get(node) : node;
  }

  #value(node: unknown, where: Where): unknown {
    const { path } = where;
    const kubernetes = where.kubernetes || this.#options.isKubernetes?.(path) === true;
    const here = { ...where, kubernetes };
    const { alias } = where;
    if (alias !== undefined && ++this.#aliased > maxAliased) {
      const limit = maxAliased.toLocaleString('en');
      throw this.#fatal(alias, `the aliases up to this one stand for more than ${limit} values`);
    }
    if (where.around.length > maxDepth) throw this.#fatal(alias ?? node, tooDeep);
    if (!isNode(node)) return null;
    if (alias === undefined && !isAlias(node) && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isAlias(node)) return this.#aliasValue(node, here);
    if (isScalar(node)) return this.#scalarValue(node, here);
    if (kubernetes) this.#refuseTag(node, ['tag:yaml.org,2002:map', 'tag:yaml.org,2002:seq']);
    const within = { ...here, around: [...here.around, node] };
    if (isSeq(node)) return this.#seqValue(node, within);
    return isMap(node) ? this.#mapValue(node, within) : null;
  }

  #aliasValue(alias: Alias, where: Where): unknown {
    const target = this.#targets.get(alias) ?? this.#anchors.get(alias.source);
    if (target === undefined) throw this.#fatal(alias, `there is no anchor &${alias.source} before this`);
    this.#targets.set(alias, target);
    if (where.around.includes(target)) throw this.#fatal(alias, `*${alias.source} is inside of itself`);
    return this.#value(target, { ...where, alias: where.alias ?? alias });
  }

  #scalarValue(node: Scalar, { kubernetes }: Where): unknown {
    if (!kubernetes) return node.value;
    this.#refuseTag(node, ['tag:yaml.org,2002:str', '!']);
    if (node.type !== 'PLAIN' || node.tag !== undefined) return node.source ?? node.value;
    const reading = kubernetesScalar(node.source ?? '');
    if ('value' in reading) return reading.value;
    this.#note(node, reading.refused);
    return null;
  }

  #refuseTag(node: Node, read: readonly string[]): void {
    const { tag } = node;
    if (tag === undefined || read.includes(tag)) return;
    this.#note(
      node,
      `the tag ${tag.replace('tag:yaml.org,2002:', '!!')} is not supported here; write the value without it`,
    );
  }

  #seqValue({ items }: YAMLSeq, where: Where): unknown[] {
    return items.map((item, index) => {
      // `- ? a` makes a pair; a map of one pair is meant.
      if (isPair(item)) throw this.#fatal(item.key, 'a list item is a value; write { } around a key and its value');
      return this.#value(item, { ...where, path: [...where.path, index] });
    });
  }

  #mapValue(map: YAMLMap, where: Where): unknown {
    if (this.#options.placeholders === true) {
      const message = unquoted(this.#text, start(map) ?? 0);
      if (message !== undefined) {
        this.#note(map, message);
        return {};
      }
    }
    const fields = new Map<string, unknown>();
    const keys = new Map<string, number>();
    for (const pair of map.items) {
      if (where.kubernetes && isMergeKey(pair)) this.#merge(pair.value, fields, where);
      else {
        const key = this.#key(pair, where);
        const before = keys.get(key);
        if (before !== undefined) {
          const message = `${key} is already in line ${this.#line(before)}; write a field once`;
          this.#note(pair.key, message);
        }
        keys.set(key, start(pair.key) ?? 0);
        fields.set(key, this.#value(pair.value, { ...where, path: [...where.path, key] }));
      }
    }
    return Object.fromEntries(fields);
  }

  #key({ key }: Pair, { kubernetes }: Where): string {
    if (!isScalar(key)) throw this.#fatal(key, 'a key must be a text, not a list, a map or an alias');
    if (!kubernetes) return key.value === null ? '' : String(key.value);
    this.#refuseTag(key, ['tag:yaml.org,2002:str']);
    const source = key.source ?? String(key.value);
    if (key.type !== 'PLAIN') return source;
    const reading = kubernetesScalar(source);
    const read = 'value' in reading ? String(reading.value) : source;
    if (read !== source)
      this.#note(key, `Kubernetes reads the key ${source || 'nothing'} as ${read}; write it in quotes`);
    return source;
  }

  /** As in go-yaml, merged fields replace those above, and the first map of a list has priority. */
  #merge(value: unknown, fields: Map<string, unknown>, where: Where): void {
    const merged: unknown = this.#value(value, where);
    const maps = Array.isArray(merged) ? merged.toReversed() : [merged];
    for (const map of maps) {
      if (typeof map !== 'object' || map === null || Array.isArray(map)) {
        this.#note(value, '<< merges a map, or a list of maps');
        return;
      }
      for (const [key, field] of Object.entries(map)) fields.set(key, field);
    }
  }

  #note(node: unknown, message: string): void {
    this.found.push({ offset: start(node) ?? 0, message });
  }

  #fatal(node: unknown, message: string): Fatal {
    return new Fatal({ offset: start(node) ?? 0, message });
  }
}

interface Where {
  path: Path;
  kubernetes: boolean;
  /** The lists and maps around this, also those of aliases. */
  around: readonly Node[];
  /** The outermost alias that this belongs to. */
  alias?: Alias;
}

export const tooDeep = `lists and maps are nested more than ${maxDepth} deep here`;

function isMergeKey({ key }: Pair): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<';
}

/** Where a node begins in the text; undefined if it has no place of its own. */
export function start(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
