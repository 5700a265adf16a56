import { readFileSync } from 'node:fs';
import { RelaxNGValidator, XmlDocument } from 'libxml2-wasm';

/**
 * What libxml2 reads of JUnit XML that is valid.
 * @returns a function that counts what an XPath finds, or answers its text
 * @throws Error where the text is no XML, or breaks the schema in `junit.rng`
 */
export function validJunit(xml: string): { count(path: string): number; text(path: string): string } {
  const schema = XmlDocument.fromString(readFileSync(new URL('junit.rng', import.meta.url), 'utf8'));
  const document = XmlDocument.fromString(xml);
  RelaxNGValidator.fromDoc(schema).validate(document);
  return {
    count: (path) => document.find(path).length,
    text: (path) => document.get(path)?.content ?? '',
  };
}
