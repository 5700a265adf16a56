import { readFileSync } from 'node:fs';

/**
 * Kubernetes' protobuf messages, made by extract-protobuf.ts. For each its fields by number: the name in JSON ('' where it is
 * part of the message around it), and the type.
 */
export const messages: Readonly<Record<string, Record<string, [string, string]>>> = JSON.parse(
  readFileSync(new URL('./protobuf.json', import.meta.url), 'utf8'),
);
