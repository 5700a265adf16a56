import type { Fields } from '../json.ts';
import type { Path } from './paths.ts';

/** A path as messages write it: `.spec.containers[name="c"].image`. */
export function shownPath(path: Path): string {
  return (JSON.parse(path) as string[]).map(shownStep).join('');
}

export function shownStep(step: string): string {
  if (step.startsWith('f:')) return `.${step.slice(2)}`;
  if (step.startsWith('v:')) return `[=${step.slice(2)}]`;
  const key = Object.entries(JSON.parse(step.slice(2)) as Fields);
  return `[${key.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}
