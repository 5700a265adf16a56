import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { unquoted, yamlMistakes } from './yaml-words.ts';

/** Keys and indices from the root to a value. */
export type Path = readonly (string | number)[];

/** A YAML text whose values know where they stand. */
export interface Source {
  value: unknown;
  /** `line:column`, from 1, of the value at `path`, or of the key that leads to it; else of the nearest parent that there is. */
  position(path: Path, of: 'key' | 'value'): string;
  /** What keeps the text from being read, each with its position; the value is of no use then. */
  mistakes: { position: string; message: string }[];
}

/** Reads one YAML document. Mistakes of syntax are listed in the answer, not thrown. */
export function readSource(text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const lineOf = (offset: number): number => lines.linePos(offset).line;
  const found = yamlMistakes(document, text, lineOf);
  if (found.length === 0) found.push(...oddities(document, text));
  const mistakes = found.map(({ offset, message }) => ({ position: at(offset), message }));
  return {
    value: mistakes.length === 0 ? document.toJS({ maxAliasCount: -1 }) : undefined,
    mistakes,
    position: (path, of) => at(offsetOf(document, path, of)),
  };
}

/**
 * What is YAML but no driver: `{{port}}` without quotes, which is a mapping of a mapping; an alias without its anchor;
 * an alias inside of what it stands for.
 */
function oddities(document: Document, text: string): { offset: number; message: string }[] {
  const found: { offset: number; message: string }[] = [];
  const visit = (node: unknown, around: readonly unknown[]): void => {
    const offset = start(node) ?? 0;
    const quoted = isMap(node) ? unquoted(text, offset) : undefined;
    if (quoted !== undefined) found.push({ offset, message: quoted });
    else if (isMap(node) || isSeq(node)) for (const item of node.items) visit(item, [...around, node]);
    else if (isPair(node)) visit(node.value, around);
    else if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined) found.push({ offset, message: `there is no anchor &${node.source} before this` });
      else if (around.includes(target)) found.push({ offset, message: `*${node.source} stands inside of itself` });
    }
  };
  visit(document.contents, []);
  return found;
}

function offsetOf(document: Document, path: Path, of: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = start(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    const parent = isAlias(node) ? node.resolve(document) : node;
    if (isSeq(parent)) {
      node = parent.items[Number(step)];
      offset = start(node) ?? offset;
      continue;
    }
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === step) : undefined;
    if (pair === undefined) return offset;
    node = pair.value;
    const isLast = depth === path.length - 1;
    offset = (isLast && of === 'key' ? start(pair.key) : (start(node) ?? start(pair.key))) ?? offset;
  }
  return offset;
}

function start(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}
