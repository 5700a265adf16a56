/** The JSON paths of printer columns: members, indexes, `[*]` and filters for equality. */
import { at, isFields } from '../json.ts';

type Step = (values: unknown[]) => unknown[];

/** Answers a function that reads the first value at the path; undefined where there is none. */
export function compileJsonPath(path: string): (object: unknown) => unknown {
  const steps = [...path.matchAll(/\.([A-Za-z0-9_-]+)|\[([^\]]*)\]/g)].map(([, member, bracket]): Step => {
    if (member !== undefined) return (values) => values.map((value) => at(value, member));
    return bracketStep(bracket ?? '');
  });
  return (object) => steps.reduce((values, step) => step(values).filter((value) => value !== undefined), [object])[0];
}

function bracketStep(text: string): Step {
  const [, field, wanted] = /^\?\(@\.([\w.-]+)\s*==\s*["']([^"']*)["']\)$/.exec(text) ?? [];
  if (field !== undefined)
    return (values) =>
      values.flat().filter((value) => isFields(value) && String(at(value, ...field.split('.'))) === wanted);
  if (text === '*') return (values) => values.flat();
  const quoted = /^['"](.*)['"]$/.exec(text)?.[1];
  if (quoted !== undefined) return (values) => values.map((value) => (isFields(value) ? value[quoted] : undefined));
  return (values) => values.map((value) => (Array.isArray(value) ? (value as unknown[]).at(Number(text)) : undefined));
}
