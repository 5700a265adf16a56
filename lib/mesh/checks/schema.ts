import { Ajv, type ErrorObject } from 'ajv';
import { didYouMean, suggestion } from '../../words/index.ts';
import { driverSchema } from '../schema-fields.ts';
import { type Mistake, mistake, type Path } from '../source.ts';

// Checking the schema itself, and optimising code that runs once, would take most of a command's start.
const ajv = new Ajv({
  allErrors: true,
  verbose: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
  validateSchema: false,
  code: { optimize: false },
});
// The fields of which exactly one is allowed; ajv itself finds that from the conditions.
ajv.addVocabulary(['x-choice']);
const validate = ajv.compile(driverSchema);

/** The fields of a JSON Schema that messages quote. */
interface Quoted {
  description?: string;
  pattern?: string;
  properties?: Record<string, { description?: string }>;
  items?: { enum?: string[] };
  'x-choice'?: string[];
}

/** What `meshes/schema.json` does not allow of a value. */
export function schemaMistakes(value: unknown): Mistake[] {
  if (validate(value)) return [];
  const all = validate.errors ?? [];
  return (
    all
      .filter(({ keyword }) => keyword !== 'if' && keyword !== 'propertyNames')
      // A slip in a field's name comes before the field that is missing because of it.
      .sort((a, b) => Number(b.keyword === 'additionalProperties') - Number(a.keyword === 'additionalProperties'))
      .map((error) => describe(error, all))
  );
}

function describe(error: ErrorObject, all: readonly ErrorObject[]): Mistake {
  const { keyword, params, data, instancePath } = error;
  // The schema that was violated, and the heads of its chain of conditions: a bare `false` has neither description nor choice.
  const heads = all.filter((other) => other.keyword === 'if' && other.instancePath === instancePath);
  const schemas = [error, ...heads].map(({ parentSchema = {} }) => parentSchema as Quoted);
  const [schema = {}] = schemas;
  const choice = schemas.find((each) => each['x-choice'] !== undefined)?.['x-choice'];
  const meaning = phrase(schemas.find(({ description }) => description !== undefined)?.description ?? 'something else');
  const path = pathOf(error);
  const shown = data === null ? 'nothing is written here' : `${show(data)} is not allowed here`;
  const refused = (allowed: string): Mistake => mistake(path, `${shown}; allowed: ${allowed}`);
  switch (keyword) {
    case 'additionalProperties': {
      const word = String(params['additionalProperty']);
      if (choice?.includes(word)) return mistake(path, choiceWords(choice, data));
      return mistake([...path, word], `unknown field${hint(word, Object.keys(schema.properties ?? {}))}`, 'key');
    }
    case 'required': {
      const field = String(params['missingProperty']);
      const text = schema.properties?.[field]?.description;
      return mistake(path, `the field ${field} is missing${text === undefined ? '' : ` (${text})`}`);
    }
    case 'uniqueItems':
      return mistake([...path, params['i']], 'is in the list twice');
    case 'enum': {
      const message = `${show(data)} is not allowed here${hint(String(data), params['allowedValues'] as string[])}`;
      return mistake(path, message, error.propertyName === undefined ? 'value' : 'key');
    }
    case 'const':
      return refused(String(params['allowedValue']));
    case 'type': {
      if (path.length > 0) return refused(typeWords(String(params['type']), schema, data, instancePath));
      const what = data === null ? 'the file is empty' : `${show(data)} is not a driver`;
      const message = `${what}; a driver is fields such as "name: my-mesh", and meshproof driver init FILE writes one to start from`;
      return mistake(path, message);
    }
    case 'minLength':
      return mistake(path, `${show(data)} is too short; allowed: ${meaning}`);
    case 'minItems': {
      const items = schema.items?.enum?.join(', ') ?? 'what belongs here';
      return mistake(path, `the list is empty; allowed: at least one of ${items}`);
    }
    case 'false schema':
    case 'maxProperties':
    case 'minProperties':
      return choice === undefined ? refused(meaning) : mistake(path, choiceWords(choice, data));
    case 'pattern':
      return refused(meaning);
    default:
      return mistake(path, error.message ?? keyword);
  }
}

/** @param choice the fields of which exactly one is allowed */
function choiceWords(choice: readonly string[], data: unknown): string {
  const here = Object.keys((data ?? {}) as object);
  const taken = here.filter((word) => choice.includes(word));
  const wanted = `allowed here: exactly one of ${choice.join(', ')}`;
  if (taken.length > 1) return `${wanted}; ${taken.join(' and ')} are here together`;
  if (here.length === 0) return `${wanted}; none is here`;
  const near = here.map((word) => [word, suggestion(word, choice)]).find(([, meant]) => meant !== undefined);
  const meant = near === undefined ? '' : `, and did you mean ${near[1]} by ${near[0]}?`;
  return `${wanted}; here is ${here.join(', ')}${meant}`;
}

/** Where a mistake is. ajv reports the name of a property at its object: there the path goes on to the name. */
function pathOf({ instancePath, propertyName }: ErrorObject): Path {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return propertyName === undefined ? path : [...path, propertyName];
}

function hint(word: string, allowed: string[]): string {
  return `${didYouMean(word, allowed)} (allowed: ${allowed.join(', ')})`;
}

/** The type that is wanted, and how to write it. */
function typeWords(type: string, schema: Quoted, data: unknown, instancePath: string): string {
  const about = schema.description ?? '';
  switch (type) {
    case 'string':
      // The description of a duration says more than that it is a text.
      if (schema.pattern !== undefined && about !== '') return about;
      return data === null ? 'a text' : 'a text, so write it in quotes';
    case 'array':
      if (about.includes('such as [')) return phrase(about);
      if (typeof data === 'string') return `a list, such as ${listOf(data, /\/(run|pipe)$/.test(instancePath))}`;
      return 'a list, so each item begins with "- "';
    case 'object': {
      const fields = Object.keys(schema.properties ?? {});
      return fields.length === 0 ? 'fields, each as NAME: VALUE' : `fields (${fields.join(', ')})`;
    }
    default:
      return type;
  }
}

/** A text as the list that was probably meant: a command word by word, anything else as the only item. */
function listOf(text: string, isCommand: boolean): string {
  const items = isCommand ? text.trim().split(/\s+/) : [text];
  return `[${items.map((item) => (/^[\w./:-]+$/.test(item) ? item : JSON.stringify(item))).join(', ')}]`;
}

/** A sentence as it can follow a colon. */
function phrase(sentence: string): string {
  return sentence.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase()).replace(/\.$/, '');
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
