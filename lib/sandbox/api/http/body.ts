/** A request's body, read whole. */
import type { IncomingMessage } from 'node:http';
import { parse } from 'yaml';
import { ApiError, badRequest, unsupportedMediaType } from '../errors.ts';
import { type Fields, isFields } from '../json.ts';
import { protobufType, readProtobuf } from './protobuf.ts';

const limitBytes = 3 * 1024 * 1024;

export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
}

/**
 * @returns the parsed JSON, YAML or protobuf; undefined where there is none.
 * @throws ApiError 413, 415 or 400 for a body that is too large, of another type, or malformed.
 */
export async function readParsed(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw new ApiError(413, 'RequestEntityTooLarge', `the limit is ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const type = mediaTypeOf(request);
  if (body.length === 0) return undefined;
  if (type === protobufType) return readProtobuf(body);
  if (type.includes('cbor'))
    throw unsupportedMediaType(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  const text = body.toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    return type.endsWith('yaml') && !text.startsWith('{') ? parse(text) : JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`the object provided is unrecognized: couldn't get version/kind; json parse error: ${why}`);
  }
}

/** @throws ApiError 400 where the body is not an object. */
export async function readObject(request: IncomingMessage): Promise<Fields> {
  const body = await readParsed(request);
  if (!isFields(body)) throw badRequest('the body of the request is not an object');
  return body;
}
