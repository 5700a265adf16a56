/** Reading built-in kinds the way the real server's decoder does: wrong types are refused, unknown fields dropped and named. */
import { type Fields, isFields } from '../json.ts';
import { resolved, type Schema, structName } from './schema.ts';

/** A value of the wrong type, in the words of Go's JSON decoder. */
export class WrongType extends Error {
  override name = 'WrongType';
}

export interface Decoded {
  value: Fields;
  /** Paths of the fields that the schema does not have. */
  unknown: string[];
}

interface Place {
  /** The Go struct that has the field. */
  struct: string;
  /** From the object's root, in full. */
  path: string;
  /** The same without list positions and map keys, as Go's decoder names it. */
  plain: string;
}

/**
 * @returns a copy without unknown fields and without nulls.
 * @throws WrongType at the first value whose type is not the schema's.
 */
export function decode(value: Fields, schema: Schema, struct: string): Decoded {
  const unknown: string[] = [];
  return { value: decodeValue(value, schema, { struct, path: '', plain: '' }, unknown) as Fields, unknown };
}

function decodeValue(value: unknown, schema: Schema, place: Place, unknown: string[]): unknown {
  const whole = resolved(schema);
  if (whole['x-kubernetes-int-or-string']) {
    if (typeof value !== 'string' && typeof value !== 'number') throw wrong(value, place, 'intstr.IntOrString');
    return value;
  }
  switch (whole.type) {
    case 'object':
      if (!isFields(value)) throw wrong(value, place, structName(schema) ?? 'map');
      return decodeObject(value, whole, { ...place, struct: structName(schema) ?? place.struct }, unknown);
    case 'array':
      if (!Array.isArray(value)) throw wrong(value, place, 'slice');
      return value.map((item, index) =>
        decodeValue(item, whole.items ?? {}, { ...place, path: `${place.path}[${index}]` }, unknown),
      );
    case 'string':
      return decodeString(value, whole, place);
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(value, place, whole.format ?? 'int64');
      return value;
    case 'number':
      if (typeof value !== 'number') throw wrong(value, place, 'float64');
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong(value, place, 'bool');
      return value;
    default:
      return value;
  }
}

function decodeObject(value: Fields, schema: Schema, place: Place, unknown: string[]): Fields {
  const result: Fields = {};
  const isOpen = schema.properties === undefined && schema.additionalProperties === undefined;
  for (const [name, member] of Object.entries(value)) {
    const path = place.path === '' ? name : `${place.path}.${name}`;
    const own = schema.properties?.[name];
    const child = own ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
    if (child === undefined && !isOpen) unknown.push(path);
    else if (member === null) continue;
    else if (child === undefined) result[name] = member;
    else {
      const plain = own === undefined ? place.plain : [place.plain, name].filter((part) => part !== '').join('.');
      const decoded = decodeValue(member, child, { ...place, path, plain }, unknown);
      if (!isEmpty(decoded, child)) result[name] = decoded;
    }
  }
  return result;
}

/** Lists and maps without content are left out, as Go's encoder leaves them out; structs are not. */
function isEmpty(value: unknown, schema: Schema): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isFields(value) && resolved(schema).additionalProperties !== undefined && Object.keys(value).length === 0;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodeString(value: unknown, schema: Schema, place: Place): string {
  if (typeof value !== 'string') throw wrong(value, place, 'string');
  if (schema.format === 'byte' && !base64.test(value.replace(/[\r\n]/g, '')))
    throw new WrongType('illegal base64 data at input byte 0');
  if (schema.format === 'date-time' && Number.isNaN(Date.parse(value)))
    throw new WrongType(`parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse it`);
  return value;
}

function wrong(value: unknown, { struct, plain }: Place, wanted: string): WrongType {
  return new WrongType(
    `json: cannot unmarshal ${described(value)} into Go struct field ${struct}.${plain} of type ${wanted}`,
  );
}

function described(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`;
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
