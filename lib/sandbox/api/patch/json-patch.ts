/** JSON patch (RFC 6902). */
import { badRequest } from '../errors.ts';
import { copy, type Fields, isFields, same } from '../json.ts';

/**
 * @returns the patched copy.
 * @throws ApiError 400 for a malformed patch, 422 where an operation does not fit the document.
 */
export function jsonPatch(target: Fields, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
  let document: unknown = copy(target);
  for (const operation of patch) {
    if (!isFields(operation) || typeof operation['path'] !== 'string')
      throw badRequest('a patch operation has no path');
    document = perform(document, operation, operation['path']);
  }
  return document;
}

/** An operation that names something that is not there. */
export class PatchMisfit extends Error {
  override name = 'PatchMisfit';
}

function perform(document: unknown, operation: Fields, path: string): unknown {
  const value = copy(operation['value']);
  switch (operation['op']) {
    case 'add':
      return place(document, path, value, 'add');
    case 'replace':
      return place(document, path, value, 'replace');
    case 'remove':
      return place(document, path, undefined, 'remove');
    case 'test':
      if (!same(read(document, path) ?? null, value ?? null)) throw new PatchMisfit(`testing value ${path} failed`);
      return document;
    case 'copy':
      return place(document, path, copy(read(document, from(operation))), 'add');
    case 'move': {
      const moved = read(document, from(operation));
      return place(place(document, from(operation), undefined, 'remove'), path, moved, 'add');
    }
    default:
      throw badRequest(`Unexpected kind: ${String(operation['op'])}`);
  }
}

function from(operation: Fields): string {
  if (typeof operation['from'] !== 'string') throw badRequest('a patch operation has no from');
  return operation['from'];
}

function steps(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw badRequest(`not a JSON pointer: ${pointer}`);
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: unknown, pointer: string): unknown {
  let here = document;
  for (const step of steps(pointer)) {
    if (Array.isArray(here)) here = here[position(here, step, false)];
    else if (isFields(here)) here = here[step];
    else throw new PatchMisfit(`unable to get the value of ${pointer}: missing path`);
  }
  return here;
}

function position(list: unknown[], step: string, mayAppend: boolean): number {
  const index = step === '-' && mayAppend ? list.length : Number(step);
  const last = mayAppend ? list.length : list.length - 1;
  if (!Number.isInteger(index) || index < 0 || index > last) throw new PatchMisfit(`invalid index referenced: ${step}`);
  return index;
}

function place(document: unknown, pointer: string, value: unknown, how: 'add' | 'replace' | 'remove'): unknown {
  const path = steps(pointer);
  const last = path.pop();
  if (last === undefined) return how === 'remove' ? {} : value;
  const parent = read(document, pointer.slice(0, pointer.lastIndexOf('/')));
  if (Array.isArray(parent)) {
    const index = position(parent, last, how === 'add');
    if (how === 'remove') parent.splice(index, 1);
    else parent.splice(index, how === 'add' ? 0 : 1, value);
  } else if (isFields(parent)) {
    if (how !== 'add' && !(last in parent))
      throw new PatchMisfit(`${how} operation does not apply: doc is missing key: ${pointer}: missing value`);
    if (how === 'remove') delete parent[last];
    else parent[last] = value;
  } else throw new PatchMisfit(`${how} operation does not apply: doc is missing path: "${pointer}": missing value`);
  return document;
}
