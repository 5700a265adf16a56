import { suggestion } from '../../words/index.ts';
import type { DriverSpec } from '../driver.ts';
import { type Mistake, mistake, type Path } from '../source.ts';
import { hasStrayBraces, type Placeholder, placeholders, splice } from '../template.ts';

const domain = 'cluster.domain';
const partyNames = (role: string): string[] => ['namespace', 'serviceAccount', 'app'].map((key) => `${role}.${key}`);
const ofPolicy = ['name', 'port', 'port.text', ...partyNames('client'), ...partyNames('server'), domain];

/** Which placeholders a part of a driver may have. `optional` ones do not always have a value, and need a default. */
interface Scope {
  /** For people: `policy.allow.tcp`. */
  where: string;
  at: RegExp;
  names: readonly string[];
  optional?: readonly string[];
}

const scopes: Scope[] = [
  { where: 'enrol.client', at: /^enrol\.client\./, names: [...partyNames('client'), domain] },
  { where: 'host', at: /^host\./, names: [...partyNames('server'), domain] },
  { where: 'images, podImages', at: /^(images|podImages)\./, names: [] },
  { where: 'enrol', at: /^enrol\./, names: [domain] },
  { where: 'install', at: /^install\./, names: ['kubeconfig', 'modes.permissive', 'modes.egress', domain] },
  {
    where: 'uninstall, modes',
    at: /^(uninstall|modes\.\w+\.(on|off|invalid))\./,
    names: ['kubeconfig', domain],
  },
  { where: 'policy.allow.tcp', at: /^policy\.allow\.tcp\./, names: ofPolicy },
  { where: 'policy.allow.http', at: /^policy\.allow\.http\./, names: ofPolicy, optional: ['path'] },
  { where: 'diagnostics.mesh', at: /^diagnostics\.mesh\./, names: ['kubeconfig', domain] },
  {
    where: 'diagnostics.pod',
    at: /^diagnostics\.pod\./,
    names: ['kubeconfig', 'pod.namespace', 'pod.name', domain],
  },
];

/** Where placeholders may be, and which, besides those that may be anywhere. */
export function placeholderScopes(): { where: string; names: string[] }[] {
  return scopes.map(({ where, names, optional = [] }) => ({
    where,
    names: [...names, ...optional.map((name) => `${name}|default`)],
  }));
}

/** Placeholders that have no value where they are, lack a default, or are malformed. */
export function placeholderMistakes(spec: DriverSpec): Mistake[] {
  const variables = Object.keys(spec.variables ?? {}).map((name) => `var.${name}`);
  const walk = (node: unknown, path: Path): Mistake[] => {
    if (typeof node === 'string') return textMistakes(node, path, variables).map((message) => mistake(path, message));
    if (Array.isArray(node)) return node.flatMap((item, index) => walk(item, [...path, index]));
    if (typeof node !== 'object' || node === null) return [];
    return Object.entries(node).flatMap(([key, item]) => {
      const at = [...path, key];
      const ofKey = /\{\{|\}\}/.test(key) ? [mistake(at, 'a key cannot have a placeholder', 'key')] : [];
      return [...ofKey, ...walk(item, at)];
    });
  };
  return walk(spec, []);
}

function textMistakes(text: string, path: Path, variables: readonly string[]): string[] {
  if (text === splice) {
    const isArgument = path[0] === 'install' && path.at(-2) === 'run' && typeof path.at(-1) === 'number';
    return isArgument ? [] : [`${splice} is allowed only as a list item of a run in install`];
  }
  const scope = scopes.find(({ at }) => at.test(`${path.join('.')}.`));
  const wrong = placeholders(text).flatMap((placeholder) => placeholderMistake(placeholder, scope, variables) ?? []);
  const stray = hasStrayBraces(text) ? ["{{ and }} enclose a name: '{{name}}' or '{{name|default}}'"] : [];
  return [...wrong, ...stray, ...singleBraces(text)];
}

/** Every placeholder with a dot; other names in single braces may be meant (`${HOME}`, a path's `{id}`). */
const dottedNames = scopes.flatMap(({ names }) => names).filter((name) => name.includes('.'));

/** `{client.namespace}` and `${client.namespace}`, as other templates have them. */
function singleBraces(text: string): string[] {
  const found = [...text.matchAll(/(?<!\{)\$?\{\s*([\w.]+)\s*\}(?!\})/g)];
  return found.flatMap(({ 0: braces, 1: name = '' }) =>
    dottedNames.includes(name) ? [`${braces} is not a placeholder; write {{${name}}}`] : [],
  );
}

function placeholderMistake(
  { name, fallback }: Placeholder,
  scope: Scope | undefined,
  variables: readonly string[],
): string | undefined {
  if (scope === undefined) return `{{${name}}}: placeholders are not allowed here`;
  const { names, optional = [] } = scope;
  if (optional.includes(name) || /^set\../.test(name)) {
    return fallback === undefined ? `{{${name}}} needs a default, as it may be missing: {{${name}|…}}` : undefined;
  }
  const always = [...names, ...variables];
  if (always.includes(name)) {
    return fallback === undefined ? undefined : `{{${name}}} always has a value, so leave out the default`;
  }
  const allowed = [...always, ...optional, 'set.KEY'];
  const near = suggestion(name, allowed);
  const hint = near === undefined ? '' : `; did you mean {{${near}}}?`;
  return `unknown placeholder {{${name}}}${hint} (allowed here: ${allowed.join(', ')})`;
}
