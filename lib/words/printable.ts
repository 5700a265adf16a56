/**
 * Text from outside with everything made visible that a reader could not see, or that would control a terminal or reorder a
 * line: control characters (escape sequences, a lone carriage return), bidirectional controls such as U+202E, zero-width and other
 * ignorable characters, line separators, halves of surrogate pairs and noncharacters. Line feeds stay.
 *
 * Every report and every message to people goes through it. Sources: Unicode TR 36, section 2.7, and TR 9 for the bidirectional
 * controls; the properties are those of Unicode's character database.
 * @returns the text with each such character as in a JavaScript string: `\e`, `\u202e`, `\u{e0041}`
 */
export function printable(text: string): string {
  return text.replace(HIDDEN, (character) => (character === '\n' ? character : spelt(character)));
}

/** The same for JSON that a terminal may show: hidden characters become JSON escapes, so that programs read them unchanged. */
export function printableJson(json: string): string {
  return json.replace(HIDDEN, (character) => (character === '\n' ? character : inUnits(character)));
}

/** Ignorable and format characters of Unicode, and the invisible blank of Braille. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800]/gu;

const SHORT: Record<string, string> = { '\t': '\\t', '\r': '\\r', '\x1b': '\\e', '\0': '\\0' };

function spelt(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  return character.length === 1 ? inUnits(character) : `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

function inUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
