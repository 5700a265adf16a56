import { nearest } from '../words/index.ts';
import type { Mistake } from './schema.ts';
import type { Path } from './source.ts';
import { hasStrayBraces, type Placeholder, placeholders, splice } from './template.ts';

const modes = ['modes.permissive', 'modes.egress'];
const parties = ['client', 'server'].flatMap((party) =>
  ['namespace', 'serviceAccount', 'app'].map((key) => `${party}.${key}`),
);

/** Which placeholders a part of a driver may hold. `optional` ones are not always there, and need a fallback. */
interface Scope {
  at: RegExp;
  names: readonly string[];
  optional: readonly string[];
}

const scopes: Scope[] = [
  { at: /^(images|enrol)\./, names: [], optional: [] },
  { at: /^install\./, names: ['kubeconfig', ...modes], optional: [] },
  { at: /^(uninstall|modes\.\w+\.(on|off|invalid))\./, names: ['kubeconfig'], optional: [] },
  { at: /^policy\.allow\.tcp\./, names: ['name', 'port', ...parties], optional: [] },
  { at: /^policy\.allow\.http\./, names: ['name', 'port', ...parties], optional: ['path'] },
  { at: /^diagnostics\.mesh\./, names: ['kubeconfig'], optional: [] },
  { at: /^diagnostics\.pod\./, names: ['kubeconfig', 'pod.namespace', 'pod.name'], optional: [] },
];

/** Placeholders that have no value where they stand, lack a fallback, or are no placeholders. */
export function placeholderMistakes(value: unknown): Mistake[] {
  const mistakes: Mistake[] = [];
  const walk = (node: unknown, path: Path): void => {
    if (typeof node === 'string') mistakes.push(...textMistakes(node, path));
    else if (Array.isArray(node)) for (const [index, item] of node.entries()) walk(item, [...path, index]);
    else if (typeof node === 'object' && node !== null) {
      for (const [key, item] of Object.entries(node)) {
        if (/\{\{|\}\}/.test(key))
          mistakes.push({ path: [...path, key], of: 'key', message: 'a key holds no placeholder' });
        walk(item, [...path, key]);
      }
    }
  };
  walk(value, []);
  return mistakes;
}

function textMistakes(text: string, path: Path): Mistake[] {
  const mistake = (message: string): Mistake => ({ path, of: 'value', message });
  if (text === splice) {
    const isArgument = path[0] === 'install' && path.at(-2) === 'run' && typeof path.at(-1) === 'number';
    return isArgument ? [] : [mistake(`${splice} is a list item of a run in install, and nothing else`)];
  }
  const wrong = placeholders(text).flatMap((placeholder) => {
    const message = placeholderMistake(placeholder, path);
    return message === undefined ? [] : [mistake(message)];
  });
  if (hasStrayBraces(text)) wrong.push(mistake(`{{ and }} enclose a name: '{{name}}' or '{{name|default}}'`));
  return wrong;
}

function placeholderMistake({ name, fallback }: Placeholder, path: Path): string | undefined {
  const scope = scopes.find(({ at }) => at.test(`${path.join('.')}.`));
  if (scope === undefined) return `{{${name}}}: no placeholder is filled in here`;
  if (name.startsWith('set.') && name.length > 'set.'.length) {
    return fallback === undefined ? `{{${name}}} needs a default, as it may not be given: {{${name}|…}}` : undefined;
  }
  if (scope.optional.includes(name)) {
    return fallback === undefined ? `{{${name}}} needs a default, as it may be absent: {{${name}|…}}` : undefined;
  }
  if (scope.names.includes(name)) {
    return fallback === undefined ? undefined : `{{${name}}} always has a value, so a default says nothing`;
  }
  const allowed = [...scope.names, ...scope.optional, 'set.KEY'];
  const near = nearest(name, allowed);
  const suggestion = near === undefined ? '' : `; did you mean {{${near}}}?`;
  return `unknown placeholder {{${name}}}${suggestion} (allowed here: ${allowed.join(', ')})`;
}
