import { isDeepStrictEqual } from 'node:util';
import type { DriverSpec, Step } from './driver.ts';
import type { Setting } from './mesh.ts';

/**
 * The value that a mode's switch gives to the field behind it, so that a run that dies over it is known to have set it.
 * @returns `null` where the switch takes the field away; `value` itself where the driver's steps do not tell
 */
export function switchedValue(modes: DriverSpec['modes'], { ref, path }: Setting, value: boolean): unknown {
  const mode = Object.values(modes).find(({ setting }) =>
    isDeepStrictEqual([setting?.object, setting?.path], [ref, path]),
  );
  const written = (mode?.[value ? 'on' : 'off'] ?? [])
    .map((step) => contentFor(step, ref))
    .filter((each) => each !== undefined);
  const last = written.at(-1);
  return last === undefined ? value : valueIn(last, path);
}

/** What a step writes of an object. */
function contentFor(step: Step, ref: Setting['ref']): unknown {
  if ('delete' in step) return isDeepStrictEqual(step.delete, ref) ? {} : undefined;
  if ('patch' in step) return isDeepStrictEqual(step.patch, ref) ? step.merge : undefined;
  if (!('apply' in step)) return undefined;
  const { apiVersion, kind, metadata } = step.apply;
  const { namespace, name } = metadata;
  const applied = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
  return isDeepStrictEqual(applied, ref) ? step.apply : undefined;
}

function valueIn(content: unknown, path: readonly string[]): unknown {
  let value = content;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
