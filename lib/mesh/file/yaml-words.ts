import { type Document, isScalar, type Pair, visit, type YAMLError } from 'yaml';

/** What the parser says, and what it does not: which key, and what to do. `line` gives the line of an offset, from 1. */
export function yamlMistakes(document: Document, text: string, line: (offset: number) => number) {
  const all = [...document.errors, ...document.warnings];
  const words = all.map((error) => ({ offset: error.pos[0], message: wordsOf(error, document, text, line) }));
  // Where a slip breaks the layout, whatever follows it is misread, and its own complaints lead astray.
  return all.every(({ code }) => code === 'DUPLICATE_KEY') ? words : words.slice(0, 1);
}

function wordsOf(error: YAMLError, document: Document, text: string, line: (offset: number) => number): string {
  const offset = error.pos[0];
  const quoted = unquoted(text, offset);
  if (quoted !== undefined) return quoted;
  switch (error.code) {
    case 'DUPLICATE_KEY': {
      const { key, before } = twice(document, offset);
      const where = before === undefined ? 'above' : `in line ${line(before)}`;
      return `${key} stands ${where} already; a field is written once`;
    }
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; a driver is one, so take the line "---" away';
    case 'TAB_AS_INDENT':
      return 'a tab is no indentation; write spaces';
    case 'BAD_INDENT':
      return unclosed(error) ?? `${flat(error)}; look at the spaces that this line and the one above begin with`;
    case 'BLOCK_IN_FLOW':
      if (/^-\s*[\],}]/.test(text.slice(offset))) return 'a "-" by itself stands in quotes within [ ]';
      return `${flat(error)}; within { } and [ ] items are parted by commas, and a text with ": " in it stands in quotes`;
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return `${flat(error)}; either this line is not indented like the one above, or a text with ": " in it lacks its quotes`;
    default:
      return unclosed(error) ?? flat(error);
  }
}

/** For a bracket, a brace or a quote that has no end. */
function unclosed({ message }: YAMLError): string | undefined {
  const [, bracket] = /end with an? ([\]}])/.exec(message) ?? [];
  if (bracket !== undefined)
    return `a ${bracket === ']' ? '[' : '{'} above is not closed before this; it lacks its ${bracket}`;
  const [, quote] = /Missing closing (["'])/.exec(message) ?? [];
  return quote === undefined ? undefined : `a text that begins with ${quote} has no ${quote} at its end`;
}

function flat({ message }: YAMLError): string {
  return message.replaceAll('\n', ' ');
}

/** `{{port}}` without quotes, which YAML takes for a mapping; undefined for anything else. */
export function unquoted(text: string, offset: number): string | undefined {
  if (!text.startsWith('{{', offset)) return undefined;
  const [placeholder = '{{…}}'] = /^\{\{[^}\n]*\}\}/.exec(text.slice(offset)) ?? [];
  return `a placeholder is written in quotes: '${placeholder}'`;
}

/** The key at an offset, and where the same key stands before it. */
function twice(document: Document, offset: number): { key: string; before?: number } {
  let found: { key: string; before?: number } = { key: 'this key' };
  visit(document, {
    Map(_, map) {
      const at = map.items.findIndex((pair) => keyOf(pair)?.start === offset);
      const own = keyOf(map.items[at]);
      if (own === undefined) return undefined;
      const first = map.items.slice(0, at).find((pair) => keyOf(pair)?.name === own.name);
      const before = keyOf(first)?.start;
      found = { key: own.name, ...(before === undefined ? {} : { before }) };
      return visit.BREAK;
    },
  });
  return found;
}

function keyOf(pair: Pair | undefined): { name: string; start: number } | undefined {
  const key = pair?.key;
  if (!isScalar(key)) return undefined;
  return { name: String(key.value), start: key.range?.[0] ?? -1 };
}
