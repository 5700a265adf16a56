import { suggestion } from '../../words/index.ts';
import type { Mistake } from '../file/schema.ts';
import type { Path } from '../file/source.ts';
import { hasStrayBraces, type Placeholder, placeholders, splice } from '../template/template.ts';

const modes = ['modes.permissive', 'modes.egress'];
const domain = 'cluster.domain';
const partyNames = (role: string): string[] => ['namespace', 'serviceAccount', 'app'].map((key) => `${role}.${key}`);
const parties = ['client', 'server'].flatMap(partyNames);

/** Which placeholders a part of a driver may hold. `optional` ones are not always there, and need a fallback. */
interface Scope {
  /** For people: `policy.allow.tcp`. */
  where: string;
  at: RegExp;
  names: readonly string[];
  optional: readonly string[];
}

const scopes: Scope[] = [
  { where: 'enrol.client', at: /^enrol\.client\./, names: [...partyNames('client'), domain], optional: [] },
  { where: 'host', at: /^host\./, names: [...partyNames('server'), domain], optional: [] },
  { where: 'images, podImages', at: /^(images|podImages)\./, names: [], optional: [] },
  { where: 'enrol', at: /^enrol\./, names: [domain], optional: [] },
  { where: 'install', at: /^install\./, names: ['kubeconfig', ...modes, domain], optional: [] },
  {
    where: 'uninstall, modes',
    at: /^(uninstall|modes\.\w+\.(on|off|invalid))\./,
    names: ['kubeconfig', domain],
    optional: [],
  },
  {
    where: 'policy.allow.tcp',
    at: /^policy\.allow\.tcp\./,
    names: ['name', 'port', 'port.text', ...parties, domain],
    optional: [],
  },
  {
    where: 'policy.allow.http',
    at: /^policy\.allow\.http\./,
    names: ['name', 'port', 'port.text', ...parties, domain],
    optional: ['path'],
  },
  { where: 'diagnostics.mesh', at: /^diagnostics\.mesh\./, names: ['kubeconfig', domain], optional: [] },
  {
    where: 'diagnostics.pod',
    at: /^diagnostics\.pod\./,
    names: ['kubeconfig', 'pod.namespace', 'pod.name', domain],
    optional: [],
  },
];

/** Where placeholders may stand, and which, besides those that may stand anywhere. */
export function placeholderScopes(): { where: string; names: string[] }[] {
  return scopes.map(({ where, names, optional }) => ({
    where,
    names: [...names, ...optional.map((name) => `${name}|default`)],
  }));
}

/** Placeholders that have no value where they stand, lack a fallback, or are no placeholders. */
export function placeholderMistakes(value: unknown, variables: readonly string[]): Mistake[] {
  const mistakes: Mistake[] = [];
  const walk = (node: unknown, path: Path): void => {
    if (typeof node === 'string') mistakes.push(...textMistakes(node, path, variables));
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

function textMistakes(text: string, path: Path, variables: readonly string[]): Mistake[] {
  const mistake = (message: string): Mistake => ({ path, of: 'value', message });
  if (text === splice) {
    const isArgument = path[0] === 'install' && path.at(-2) === 'run' && typeof path.at(-1) === 'number';
    return isArgument ? [] : [mistake(`${splice} is a list item of a run in install, and nothing else`)];
  }
  const wrong = placeholders(text).flatMap((placeholder) => {
    const message = placeholderMistake(placeholder, path, variables);
    return message === undefined ? [] : [mistake(message)];
  });
  if (hasStrayBraces(text)) wrong.push(mistake(`{{ and }} enclose a name: '{{name}}' or '{{name|default}}'`));
  return [...wrong, ...singleBraces(text).map(mistake)];
}

/** Every placeholder with a dot: what else stands in single braces may well be meant (`${HOME}`, a path's `{id}`). */
const dottedNames = new Set(
  scopes.flatMap(({ names, optional }) => [...names, ...optional]).filter((name) => name.includes('.')),
);

/** `{client.namespace}` and `${client.namespace}`, which other templates write. */
function singleBraces(text: string): string[] {
  return [...text.matchAll(/(?<!\{)\$?\{\s*([\w.]+)\s*\}(?!\})/g)].flatMap(({ 0: found, 1: name = '' }) =>
    dottedNames.has(name) ? [`${found} is no placeholder; write {{${name}}}`] : [],
  );
}

function placeholderMistake(
  { name, fallback }: Placeholder,
  path: Path,
  variables: readonly string[],
): string | undefined {
  const scope = scopes.find(({ at }) => at.test(`${path.join('.')}.`));
  if (scope === undefined) return `{{${name}}}: no placeholder is filled in here`;
  if (name.startsWith('set.') && name.length > 'set.'.length) {
    return fallback === undefined ? `{{${name}}} needs a default, as it may not be given: {{${name}|…}}` : undefined;
  }
  if (scope.optional.includes(name)) {
    return fallback === undefined ? `{{${name}}} needs a default, as it may be absent: {{${name}|…}}` : undefined;
  }
  const names = [...scope.names, ...variables.map((variable) => `var.${variable}`)];
  if (names.includes(name)) {
    return fallback === undefined ? undefined : `{{${name}}} always has a value, so a default says nothing`;
  }
  const allowed = [...names, ...scope.optional, 'set.KEY'];
  const near = suggestion(name, allowed);
  const hint = near === undefined ? '' : `; did you mean {{${near}}}?`;
  return `unknown placeholder {{${name}}}${hint} (allowed here: ${allowed.join(', ')})`;
}
