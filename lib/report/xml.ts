import { printable } from './text.ts';

/** Text for an element's content or an attribute. XML 1.0 has no way to write most control characters, so they are spelt out. */
export function xmlText(text: string): string {
  return printable(text).replace(/[<>&"'\n]/g, (character) => entities[character] ?? character);
}

const entities: Record<string, string> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
};

/** An element with its attributes and what is inside of it, already XML. */
export function element(name: string, attributes: Record<string, string | number>, inside: string[] = []): string {
  const head = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${xmlText(String(value))}"`)];
  if (inside.length === 0) return `<${head.join(' ')}/>`;
  return `<${head.join(' ')}>\n${inside.join('\n')}\n</${name}>`;
}

/** An element with text. */
export function textElement(name: string, attributes: Record<string, string | number>, text: string): string {
  const head = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${xmlText(String(value))}"`)];
  return `<${head.join(' ')}>${xmlText(text).replaceAll('&#10;', '\n')}</${name}>`;
}
