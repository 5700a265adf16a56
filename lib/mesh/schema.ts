import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import { nearest } from '../words/index.ts';
import { meshesFolder } from './folder.ts';
import type { Path } from './source.ts';

/** One mistake of a driver file: where, and what is allowed there. */
export interface Mistake {
  path: Path;
  of: 'key' | 'value';
  message: string;
}

const schema: object = JSON.parse(readFileSync(new URL('schema.json', meshesFolder), 'utf8'));
const validate = new Ajv({
  allErrors: true,
  verbose: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
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
  switch (error.keyword) {
    case 'additionalProperties': {
      const word = String(error.params['additionalProperty']);
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
      return {
        path,
        of: 'value',
        message: `${show(error.data)} is not allowed here; allowed: ${error.params['allowedValue']}`,
      };
    case 'pattern':
      return { path, of: 'value', message: `${show(error.data)} is not allowed here; allowed: ${meaning(error, all)}` };
    case 'type':
      return { path, of: 'value', message: `${show(error.data)} is not allowed here; allowed: ${typeWords(error)}` };
    case 'false schema':
    case 'maxProperties':
    case 'minProperties':
      return { path, of: 'value', message: `allowed here: ${meaning(error, all)}` };
    default:
      return { path, of: 'value', message: error.message ?? error.keyword };
  }
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
  const near = nearest(word, allowed);
  return `${near === undefined ? '' : `; did you mean ${near}?`} (allowed: ${allowed.join(', ')})`;
}

const kinds: Record<string, string> = {
  string: 'a text',
  array: 'a list',
  object: 'fields',
  boolean: 'true or false',
  number: 'a number',
};

function typeWords(error: ErrorObject): string {
  const type = String(error.params['type']);
  return kinds[type] ?? type;
}

function missing(error: ErrorObject): string {
  const field = String(error.params['missingProperty']);
  const fields = (error.parentSchema?.['properties'] ?? {}) as Record<string, { description?: string } | undefined>;
  const text = fields[field]?.description;
  return `the field ${field} is missing${text === undefined ? '' : ` (${text})`}`;
}

/** What its schema says about itself; a bare `false` at the end of a chain of conditions says it at the chain's head. */
function meaning(error: ErrorObject, all: readonly ErrorObject[]): string {
  const heads = all.filter(({ keyword, instancePath }) => keyword === 'if' && instancePath === error.instancePath);
  const schemas = [error, ...heads].map(({ parentSchema }) => parentSchema?.['description']);
  return schemas.find((description) => typeof description === 'string') ?? 'something else';
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
