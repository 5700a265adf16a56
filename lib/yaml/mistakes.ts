import type { Document, YAMLError } from 'yaml';

/** The parser's first error, with what to do. */
export function syntaxMistakes(
  document: Document,
  text: string,
  { placeholders = false }: { placeholders?: boolean },
): { offset: number; message: string }[] {
  // After an error in the layout, the rest is misread, and its errors would mislead.
  const [first] = [...document.errors, ...document.warnings];
  if (first === undefined) return [];
  const offset = first.pos[0];
  const message = (placeholders ? unquoted(text, offset) : undefined) ?? wordsOf(first, text);
  return [{ offset, message }];
}

function wordsOf(error: YAMLError, text: string): string {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent; write spaces';
    case 'BAD_INDENT':
      return unclosed(error) ?? `${flat(error)}; compare the spaces at the beginning of this line and of the one above`;
    case 'BLOCK_IN_FLOW':
      if (/^-\s*[\],}]/.test(text.slice(error.pos[0]))) return 'write a single "-" in quotes within [ ]';
      return `${flat(error)}; within { } and [ ] separate items by commas, and write a text with ": " in quotes`;
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return `${flat(error)}; either indent this line like the one above, or write a text with ": " in quotes`;
    default:
      return unclosed(error) ?? flat(error);
  }
}

/** For a bracket, a brace or a quote without end. */
function unclosed({ message }: YAMLError): string | undefined {
  const [, bracket] = /end with an? ([\]}])/.exec(message) ?? [];
  if (bracket !== undefined)
    return `a ${bracket === ']' ? '[' : '{'} above is not closed before this; add the ${bracket}`;
  const [, quote] = /Missing closing (["'])/.exec(message) ?? [];
  return quote === undefined ? undefined : `a text that begins with ${quote} has no ${quote} at its end`;
}

function flat({ message }: YAMLError): string {
  return message.replaceAll('\n', ' ');
}

/** The message for `{{port}}` without quotes, which YAML reads as a map; undefined for anything else. */
export function unquoted(text: string, offset: number): string | undefined {
  if (!text.startsWith('{{', offset)) return undefined;
  const [placeholder = '{{…}}'] = /^\{\{[^}\n]*\}\}/.exec(text.slice(offset, offset + 200)) ?? [];
  return `write a placeholder in quotes: '${placeholder}'`;
}
