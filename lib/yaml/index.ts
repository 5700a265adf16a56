import { Composer, type Document, isMap, isScalar, isSeq, Lexer, LineCounter, Parser } from 'yaml';
import { syntaxMistakes } from './mistakes.ts';
import { type Found, maxDepth, type Path, type ReadOptions, readValue, start, tooDeep } from './values.ts';

export type { Path };

/** A place in a text, both from 1. */
export interface Place {
  line: number;
  column: number;
}

/** A YAML document with the places of its values. */
export interface YamlText {
  /** Useless if there are mistakes. */
  value: unknown;
  /** What makes the text unreadable. */
  mistakes: (Place & { message: string })[];
  /** The place of the value at `path`, or of its key; if there is none, of the nearest parent. */
  place(path: Path, of: 'key' | 'value'): Place;
}

/** Characters of a text. Kubernetes refuses objects larger than 1.5 MiB. */
const maxLength = 2 * 1024 * 1024;

/**
 * Reads a text of one YAML document. Mistakes are in the answer, not thrown. No text takes longer than a few seconds: its
 * length, its depth and the size of its aliases are limited.
 */
export function readYaml(text: string, options: ReadOptions = {}): YamlText {
  const [first, second] = readDocuments(text, options, 2);
  if (first === undefined) return { value: null, mistakes: [], place: () => ({ line: 1, column: 1 }) };
  if (second === undefined || first.mistakes.length > 0) return first;
  const message = 'a second document begins here; the file must be one document, so remove the line "---"';
  return { ...first, value: undefined, mistakes: [{ ...second.begin, message }] };
}

/** Reads a text of Kubernetes objects as `kubectl` does: any number of documents, without empty ones. */
export function readManifests(text: string): YamlText[] {
  const documents = readDocuments(text, { isKubernetes: () => true }, Number.POSITIVE_INFINITY);
  return documents.filter(({ value, mistakes }) => value !== null || mistakes.length > 0);
}

interface OneOfMany extends YamlText {
  begin: Place;
}

function readDocuments(text: string, options: ReadOptions, most: number): OneOfMany[] {
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const refused = (offset: number, message: string): OneOfMany[] => {
    const begin = place(offset);
    return [{ value: undefined, mistakes: [{ ...begin, message }], place: () => begin, begin }];
  };
  if (text.length > maxLength) {
    return refused(0, `the text is ${Math.ceil(text.length / 1024 / 1024)} MiB long; the limit is 2 MiB`);
  }
  const { tokens, deepAt } = tokensOf(text, lines);
  if (deepAt !== undefined) return refused(deepAt, tooDeep);
  const documents: OneOfMany[] = [];
  // `readValue` finds repeated keys: the library would compare every key with every other.
  const composer = new Composer({ lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  for (const document of composer.compose(tokens, true, text.length)) {
    documents.push(readDocument(document, text, options, place));
    if (documents.length === most) break;
  }
  return documents;
}

/** The text's tokens, or the offset at which it is too deep: all later steps recurse for each level. */
function tokensOf(text: string, lines: LineCounter) {
  const parser = new Parser(lines.addNewLine);
  const tokens = [];
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > maxDepth) return { tokens, deepAt: parser.offset };
  }
  tokens.push(...parser.end());
  return { tokens };
}

function readDocument(
  document: Document,
  text: string,
  options: ReadOptions,
  place: (offset: number) => Place,
): OneOfMany {
  const syntax = syntaxMistakes(document, text, options);
  const nothing = { value: undefined, found: [], target: (node: unknown) => node };
  const read = syntax.length > 0 ? nothing : readValue(document, text, options, (offset) => place(offset).line);
  const found: Found[] = [...syntax, ...read.found];
  return {
    value: found.length === 0 ? read.value : undefined,
    mistakes: found.map(({ offset, message }) => ({ ...place(offset), message })),
    place: (path, of) => place(offsetOf(document, read.target, path, of)),
    begin: place(document.range?.[0] ?? 0),
  };
}

function offsetOf(document: Document, target: (node: unknown) => unknown, path: Path, of: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = start(node) ?? document.range?.[0] ?? 0;
  for (const [depth, step] of path.entries()) {
    const parent = target(node);
    if (isSeq(parent)) {
      node = parent.items[Number(step)];
      offset = start(node) ?? offset;
      continue;
    }
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.source ?? key.value) === String(step))
      : undefined;
    if (pair === undefined) return offset;
    node = pair.value;
    const isLast = depth === path.length - 1;
    offset = (isLast && of === 'key' ? start(pair.key) : (start(node) ?? start(pair.key))) ?? offset;
  }
  return offset;
}
