import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import { printable } from '../words/index.ts';

export { printable } from '../words/index.ts';

/** Seconds for people: `2.2 s`. @param ms milliseconds */
export function seconds(ms: number, digits = 1): string {
  return `${(ms / 1000).toFixed(digits)} s`;
}

/** `1 probe`, `3 probes`. */
export function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}

/** At most `width` columns of a terminal, an ellipsis where some were cut off. Wide characters take two. */
export function shorten(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let fitting = '';
  let used = 0;
  for (const character of text) {
    used += stringWidth(character);
    if (used > width - 1) break;
    fitting += character;
  }
  return width < 1 ? '' : `${fitting}…`;
}

/** Blanks added up to `width` columns of a terminal. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

/** On one line, in quotes, shortened: `"HTTP/1.1 200 OK\nserver: …"`. An empty text becomes `nothing`. */
export function quoted(text: string, width = 160): string {
  if (text === '') return 'nothing';
  return `"${shorten(printable(text.trimEnd()).replaceAll('\n', '\\n'), width)}"`;
}

/** The first line of a text of several. */
export function firstLine(text: string): string {
  return printable(text.trim().split('\n', 1)[0] ?? '');
}

/** Every line moved to the right. */
export function indent(text: string, by: string): string {
  return text.replace(/^(?=.)/gm, by);
}

/** Breaks lines between words so that each has at most `width` columns; a longer word stays whole. */
export function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => {
      const margin = /^ */.exec(line)?.[0] ?? '';
      return indent(untied(wrapAnsi(tied(line), Math.max(1, width - margin.length))), margin);
    })
    .join('\n');
}

/**
 * Folds a line for a terminal of `width` columns. The next lines are indented under its text: beside a label, where the
 * line has one (`expected   curl is ...`), else two columns to the right. A word that is wider than the terminal is split.
 * @returns lines of at most `width` columns; colours stay
 */
export function fold(line: string, width: number): string[] {
  const plain = stripVTControlCharacters(line);
  if (stringWidth(plain) <= width) return [line];
  const margin = plain.length - plain.trimStart().length;
  // A margin that leaves no room is given up.
  if (margin > width / 2) return fold(splitAt(line, margin)[1], width);
  const label = stringWidth(/^ *\S+(?: \S+)* {2,}(?=\S)/.exec(plain)?.[0] ?? '');
  const isLabelled = label > 0 && label <= width / 2;
  const hang = isLabelled ? label : Math.min(margin + 2, Math.floor(width / 2));
  const [head, rest] = splitAt(line, isLabelled ? label : margin);
  const lines = untied(wrapAnsi(tied(rest), Math.max(1, width - hang), { hard: true })).split('\n');
  return lines.map((each, i) => (i === 0 ? head : ' '.repeat(hang)) + each);
}

/** A colour, or a character. */
const PART = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m|.`, 'gsu');

/** Splits a line with colours after a number of columns. */
function splitAt(line: string, columns: number): [string, string] {
  let reached = 0;
  let used = 0;
  for (const [part] of line.matchAll(PART)) {
    if (used >= columns) break;
    reached += part.length;
    used += stringWidth(stripVTControlCharacters(part));
  }
  return [line.slice(0, reached), line.slice(reached)];
}

/** A number and its unit stay together. */
function tied(text: string): string {
  return text.replace(/(?<=\d) (?=s\b)/g, '\u00a0');
}

function untied(text: string): string {
  return text.replace(/(?<=\d)\u00a0(?=s\b)/g, ' ');
}
