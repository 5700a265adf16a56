import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { loadDriver } from '../../lib/mesh/index.ts';
import type { WorkFolder } from './work-folder.ts';

/** A driver with fields changed as a JSON merge patch would (RFC 7386). @returns its file */
export async function patchedDriver(
  name: string,
  patch: Record<string, unknown>,
  workFolder: WorkFolder,
): Promise<string> {
  const { file } = await loadDriver(name);
  const patched = merged(parse(readFileSync(file, 'utf8')), patch);
  const copy = join(workFolder.path, `${name}-patched.yaml`);
  writeFileSync(copy, stringify(patched, { aliasDuplicateObjects: false }));
  return copy;
}

function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
