/** Kubernetes' protobuf bodies, which kubectl sends for the kinds that it makes itself (`create`, `auth can-i`). */
import { badRequest, unsupportedMediaType } from '../errors.ts';
import { type Fields, isFields, textOf } from '../json.ts';
import { messages } from '../schema/index.ts';

export const protobufType = 'application/vnd.kubernetes.protobuf';

const magic = Buffer.from('k8s\0');
const packages: Record<string, string> = {
  v1: 'core',
  'apps/v1': 'apps',
  'rbac.authorization.k8s.io/v1': 'rbac',
  'authorization.k8s.io/v1': 'authorization',
  'authentication.k8s.io/v1': 'authentication',
};

/**
 * @returns the object as JSON would have it.
 * @throws ApiError 400 for bytes that are no such message, 415 for a kind that is not known here.
 */
export function readProtobuf(body: Buffer): Fields {
  if (!body.subarray(0, 4).equals(magic)) throw badRequest('the body is not a Kubernetes protobuf message');
  const envelope = fieldsIn(body.subarray(4));
  const type = fieldsIn(bytesOf(envelope, 1));
  const [apiVersion, kind] = [bytesOf(type, 1).toString(), bytesOf(type, 2).toString()];
  const message = kind === 'DeleteOptions' ? 'meta.DeleteOptions' : `${packages[apiVersion] ?? apiVersion}.${kind}`;
  if (messages[message] === undefined)
    throw unsupportedMediaType(
      `${kind} in version ${JSON.stringify(apiVersion)} is not read as protobuf here: send JSON`,
    );
  return { apiVersion, kind, ...decodeMessage(bytesOf(envelope, 2), message) };
}

interface Field {
  number: number;
  /** A number for varints, bytes for everything with a length. */
  value: bigint | Buffer;
}

function fieldsIn(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined) throw badRequest('the protobuf message ends too soon');
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw badRequest('a protobuf number is too long');
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const number = key >> 3;
    if ((key & 7) === 0) fields.push({ number, value: varint() });
    else if ((key & 7) === 2) {
      const length = Number(varint());
      if (length < 0 || at + length > bytes.length) throw badRequest('the protobuf message ends too soon');
      fields.push({ number, value: bytes.subarray(at, at + length) });
      at += length;
    } else throw badRequest(`protobuf wire type ${key & 7} is not used by Kubernetes`);
  }
  return fields;
}

function bytesOf(fields: Field[], number: number): Buffer {
  const value = fields.find((field) => field.number === number)?.value;
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

function numberOf(fields: Field[], number: number): number {
  const value = fields.find((field) => field.number === number)?.value;
  return typeof value === 'bigint' ? Number(value) : 0;
}

function decodeMessage(bytes: Buffer, message: string): Fields {
  const result: Fields = {};
  const known = messages[message] ?? {};
  for (const { number, value } of fieldsIn(bytes)) {
    const [name, type] = known[number] ?? [];
    if (name === undefined || type === undefined) continue;
    if (name === '') Object.assign(result, decodeValue(value, type.replace('*', '')));
    else if (type.startsWith('[]')) result[name] = [...asList(result[name]), decodeValue(value, type.slice(2))];
    else if (type.startsWith('{}'))
      result[name] = { ...(result[name] as Fields | undefined), ...decodeEntry(value, type.slice(2)) };
    else if (type.startsWith('*')) result[name] = decodeValue(value, type.slice(1));
    else setPlain(result, name, decodeValue(value, type));
  }
  return result;
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Fields that are no pointers are always sent; their zero value means that they were left out. */
function setPlain(result: Fields, name: string, value: unknown): void {
  const isZero = value === '' || value === 0 || value === false || value === undefined;
  if (!isZero && !(isFields(value) && Object.keys(value).length === 0)) result[name] = value;
}

function decodeEntry(value: Field['value'], type: string): Fields {
  const entry = fieldsIn(Buffer.isBuffer(value) ? value : Buffer.alloc(0));
  const member = entry.find((field) => field.number === 2)?.value ?? Buffer.alloc(0);
  return { [bytesOf(entry, 1).toString()]: decodeValue(member, type) };
}

function decodeValue(value: Field['value'], type: string): unknown {
  if (!Buffer.isBuffer(value)) return type === 'bool' ? value !== 0n : Number(value);
  switch (type) {
    case 'string':
      return value.toString();
    case 'bytes':
      return value.toString('base64');
    case 'meta.Time':
    case 'meta.MicroTime':
      return timeOf(fieldsIn(value), type === 'meta.MicroTime');
    case 'resource.Quantity':
      return bytesOf(fieldsIn(value), 1).toString();
    case 'intstr.IntOrString': {
      const fields = fieldsIn(value);
      return numberOf(fields, 1) === 1 ? bytesOf(fields, 3).toString() : numberOf(fields, 2);
    }
    case 'meta.FieldsV1':
      return JSON.parse(textOf(bytesOf(fieldsIn(value), 1).toString()) || '{}');
    default:
      return decodeMessage(value, type);
  }
}

/** An empty message is Go's zero time, which stands for none. */
function timeOf(fields: Field[], hasMicros: boolean): string | undefined {
  if (fields.length === 0) return undefined;
  const time = new Date(numberOf(fields, 1) * 1000).toISOString();
  const micros = String(Math.floor(numberOf(fields, 2) / 1000)).padStart(6, '0');
  return time.replace('.000Z', hasMicros ? `.${micros}Z` : 'Z');
}
