/** Server-side apply reads its configuration strictly by the schema, whatever the request's field validation says. */
import { ApiError } from '../errors.ts';
import { isFields, textOf } from '../json.ts';
import { itemSchema, memberSchema, resolved, type Schema } from '../schema/index.ts';
import { itemStep, listType } from './paths.ts';
import { shownStep } from './shown.ts';

/** @throws ApiError 500, as the real server answers, at the first field that the schema does not have or types otherwise. */
export function checkTyped(intent: Record<string, unknown>, schema: Schema): void {
  const problem = problemOf(intent, schema, '');
  if (problem === undefined) return;
  const metadata = isFields(intent['metadata']) ? intent['metadata'] : {};
  const [group, version] = `/${textOf(intent['apiVersion'])}`.split('/').slice(-2);
  const which = `${textOf(metadata['namespace'])}/${textOf(metadata['name'])}; ${group}/${version}, Kind=${textOf(intent['kind'])}`;
  throw new ApiError(500, '', `failed to create typed patch object (${which}): ${problem}`);
}

function problemOf(value: unknown, given: Schema | undefined, path: string): string | undefined {
  if (value === null || value === undefined || given === undefined) return undefined;
  const schema = resolved(given);
  if (schema['x-kubernetes-int-or-string']) return undefined;
  switch (schema.type) {
    case 'object':
      return isFields(value) ? fieldProblem(value, schema, path) : `${path}: expected map, got &{${String(value)}}`;
    case 'array':
      return Array.isArray(value) ? itemProblem(value, given, path) : `${path}: expected list, got &{${String(value)}}`;
    case 'string':
      return typeof value === 'string'
        ? undefined
        : `${path}: expected string, got &value.valueUnstructured{Value:${String(value)}}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `${path}: expected boolean, got &{${String(value)}}`;
    case 'integer':
    case 'number':
      return typeof value === 'number'
        ? undefined
        : `${path}: expected numeric (int or float), got ${typeof value === 'boolean' ? 'bool' : typeof value}`;
    default:
      return undefined;
  }
}

function fieldProblem(value: Record<string, unknown>, schema: Schema, path: string): string | undefined {
  const isOpen =
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    schema.additionalProperties !== undefined ||
    schema.properties === undefined;
  for (const [name, member] of Object.entries(value)) {
    const own = memberSchema(schema, name);
    const isTypeMeta = path === '' && (name === 'apiVersion' || name === 'kind');
    if (own === undefined && !isOpen && !isTypeMeta) return `${path}.${name}: field not declared in schema`;
    const problem = problemOf(member, own, `${path}.${name}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function itemProblem(list: unknown[], schema: Schema, path: string): string | undefined {
  const isKeyed = listType(schema) !== 'atomic';
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const step = isKeyed ? itemStep(item, schema) : undefined;
    const shown = step === undefined ? `[${index}]` : shownStep(step);
    if (seen.has(shown)) return `${path}: duplicate entries for key ${shown}`;
    seen.add(shown);
    const problem = problemOf(item, itemSchema(schema), path + shown);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
