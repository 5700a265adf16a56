import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import { suggestion } from '../../words/index.ts';
import { meshesFolder } from './folder.ts';
import type { Path } from './source.ts';

/** One mistake of a driver file: where, and what is allowed there. */
export interface Mistake {
  path: Path;
  of: 'key' | 'value';
  message: string;
}

const schema: object = JSON.parse(readFileSync(new URL('schema.json', meshesFolder), 'utf8'));
// To check the schema itself, and to make the best of code that runs once, would take most of a command's start.
const validate = new Ajv({
  allErrors: true,
  verbose: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
  validateSchema: false,
  code: { optimize: false },
}).compile(schema);

/** What `meshes/schema.json` says against a value; empty where nothing. */
export function schemaMistakes(value: unknown): Mistake[] {
  if (validate(value)) return [];
  const all = validate.errors ?? [];
  return (
    all
      .filter(({ keyword }) => keyword !== 'if' && keyword !== 'propertyNames')
      // A slip in a field's name comes before the field that is missing for it.
      .sort((a, b) => Number(b.keyword === 'additionalProperties') - Number(a.keyword === 'additionalProperties'))
      .map((error) => describe(error, all))
  );
}

function describe(error: ErrorObject, all: readonly ErrorObject[]): Mistake {
  const path = pathOf(error.instancePath, error);
  const refused = (allowed: string): Mistake => ({
    path,
    of: 'value',
    message: `${error.data === null ? 'nothing is written here' : `${show(error.data)} is not allowed here`}; allowed: ${allowed}`,
  });
  switch (error.keyword) {
    case 'additionalProperties': {
      const word = String(error.params['additionalProperty']);
      const choice = choiceOf(error, all);
      if (choice?.includes(word)) return { path, of: 'value', message: choiceWords(choice, error.data) };
      const allowed = Object.keys((error.parentSchema?.['properties'] ?? {}) as object);
      return { path: [...path, word], of: 'key', message: `unknown field${hint(word, allowed)}` };
    }
    case 'required':
      return { path, of: 'value', message: missing(error) };
    case 'uniqueItems':
      return { path: [...path, error.params['i']], of: 'value', message: 'stands in the list twice' };
    case 'enum':
      return enumMistake(error, path, error.params['allowedValues'] as string[]);
    case 'const':
      return refused(String(error.params['allowedValue']));
    case 'type':
      return path.length === 0 ? { path, of: 'value', message: noDriver(error) } : refused(typeWords(error));
    case 'minLength':
      return { path, of: 'value', message: `${show(error.data)} is too short; allowed: ${meaning(error, all)}` };
    case 'minItems':
      return { path, of: 'value', message: `the list is empty; allowed: at least one of ${itemWords(error)}` };
    case 'false schema':
    case 'maxProperties':
    case 'minProperties': {
      const choice = choiceOf(error, all);
      if (choice !== undefined) return { path, of: 'value', message: choiceWords(choice, error.data) };
      return refused(meaning(error, all));
    }
    case 'pattern':
      return refused(meaning(error, all));
    default:
      return { path, of: 'value', message: error.message ?? error.keyword };
  }
}

/** The fields of which exactly one may be there, from what the schema says about itself, here or at the chain's head. */
function choiceOf(error: ErrorObject, all: readonly ErrorObject[]): string[] | undefined {
  const words = descriptions(error, all)
    .map((text) => /^exactly one of ([\w, ]+)/.exec(text)?.[1])
    .find((list) => list !== undefined);
  return words?.split(/, | and .*/).filter((word) => word !== '');
}

function choiceWords(choice: readonly string[], data: unknown): string {
  const here = Object.keys((data ?? {}) as object);
  const taken = here.filter((word) => choice.includes(word));
  const wanted = `allowed here: exactly one of ${choice.join(', ')}`;
  if (taken.length > 1) return `${wanted}; ${taken.join(' and ')} stand here together`;
  if (here.length === 0) return `${wanted}; none is here`;
  const near = here.map((word) => [word, suggestion(word, choice)]).find(([, meant]) => meant !== undefined);
  const hint = near === undefined ? '' : `, and did you mean ${near[1]} by ${near[0]}?`;
  return `${wanted}; here is ${here.join(', ')}${hint}`;
}

/** For a file that holds no fields at all. */
function noDriver({ data }: ErrorObject): string {
  const what = data === null ? 'the file is empty' : `${show(data)} is no driver`;
  return `${what}; a driver is fields such as "name: my-mesh", and meshproof driver init FILE writes one to start from`;
}

/** A name of a property that must be of an enumeration is reported by ajv at the object: the path goes on to the name. */
function pathOf(pointer: string, error: ErrorObject): Path {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const path = steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return error.propertyName === undefined ? path : [...path, error.propertyName];
}

function enumMistake(error: ErrorObject, path: Path, allowed: string[]): Mistake {
  const word = String(error.data);
  return {
    path,
    of: error.propertyName === undefined ? 'value' : 'key',
    message: `${show(error.data)} is not allowed here${hint(word, allowed)}`,
  };
}

function hint(word: string, allowed: string[]): string {
  const near = suggestion(word, allowed);
  return `${near === undefined ? '' : `; did you mean ${near}?`} (allowed: ${allowed.join(', ')})`;
}

/** The type that is wanted, and how it is written. */
function typeWords({ params, parentSchema, data }: ErrorObject): string {
  const about = String(parentSchema?.['description'] ?? '');
  switch (params['type']) {
    case 'string':
      // A duration's schema says more about itself than that it is a text.
      if (parentSchema?.['pattern'] !== undefined && about !== '') return about;
      return data === null ? 'a text' : 'a text, so write it in quotes';
    case 'array':
      if (about.includes('such as [')) return phrase(about);
      if (typeof data === 'string') return `a list, such as ${listOf(data, about)}`;
      return 'a list, so each item begins with "- "';
    case 'object': {
      const fields = Object.keys((parentSchema?.['properties'] ?? {}) as object);
      return fields.length === 0 ? 'fields, each as NAME: VALUE' : `fields (${fields.join(', ')})`;
    }
    default:
      return String(params['type']);
  }
}

/** What a list's items may be. */
function itemWords({ parentSchema }: ErrorObject): string {
  const items = parentSchema?.['items'] as { enum?: string[] } | undefined;
  return items?.enum?.join(', ') ?? 'what belongs here';
}

/** A text as the list that was meant: a shell's line word by word, anything else as its only item. */
function listOf(text: string, about: string): string {
  const items = about.startsWith('a program') ? text.trim().split(/\s+/) : [text];
  return `[${items.map((item) => (/^[\w./:-]+$/.test(item) ? item : JSON.stringify(item))).join(', ')}]`;
}

function missing(error: ErrorObject): string {
  const field = String(error.params['missingProperty']);
  const fields = (error.parentSchema?.['properties'] ?? {}) as Record<string, { description?: string } | undefined>;
  const text = fields[field]?.description;
  return `the field ${field} is missing${text === undefined ? '' : ` (${text})`}`;
}

/** What its schema says about itself; a bare `false` at the end of a chain of conditions says it at the chain's head. */
function meaning(error: ErrorObject, all: readonly ErrorObject[]): string {
  return phrase(descriptions(error, all)[0] ?? 'something else');
}

/** A sentence as what can follow a colon. */
function phrase(sentence: string): string {
  return sentence.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase()).replace(/\.$/, '');
}

function descriptions(error: ErrorObject, all: readonly ErrorObject[]): string[] {
  const heads = all.filter(({ keyword, instancePath }) => keyword === 'if' && instancePath === error.instancePath);
  return [error, ...heads]
    .map(({ parentSchema }) => parentSchema?.['description'])
    .filter((description) => typeof description === 'string');
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
