import type { Document, YAMLError } from 'yaml';

/** What the parser says, in words that tell what to do. */
export function syntaxMistakes(
  document: Document,
  text: string,
  { placeholders = false }: { placeholders?: boolean },
): { offset: number; message: string }[] {
  // Where a slip breaks the layout, whatever follows it is misread, and its own complaints lead astray.
  const [first] = [...document.errors, ...document.warnings];
  if (first === undefined) return [];
  const offset = first.pos[0];
  const message = (placeholders ? unquoted(text, offset) : undefined) ?? wordsOf(first, text);
  return [{ offset, message }];
}

function wordsOf(error: YAMLError, text: string): string {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'a tab is no indentation; write spaces';
    case 'BAD_INDENT':
      return unclosed(error) ?? `${flat(error)}; look at the spaces that this line and the one above begin with`;
    case 'BLOCK_IN_FLOW':
      if (/^-\s*[\],}]/.test(text.slice(error.pos[0]))) return 'a "-" by itself stands in quotes within [ ]';
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
  const [placeholder = '{{…}}'] = /^\{\{[^}\n]*\}\}/.exec(text.slice(offset, offset + 200)) ?? [];
  return `a placeholder is written in quotes: '${placeholder}'`;
}
