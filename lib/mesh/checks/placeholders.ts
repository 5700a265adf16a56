import { redactValue, suggestion } from '../../words/index.ts';
import type { AllowSpec, Driver, DriverSpec } from '../driver.ts';
import { modeNames } from '../mesh.ts';
import { parts } from '../objects.ts';
import { type Mistake, mistake, type Path } from '../source.ts';
import {
  fill,
  fillingFor,
  hasStrayBraces,
  type Placeholder,
  partyValues,
  placeholders,
  splice,
  type Values,
} from '../template.ts';

const client = { namespace: 'sample-clients', serviceAccount: 'sample-client', app: 'sample-client' };
const server = { namespace: 'sample-servers', serviceAccount: 'sample-server', app: 'sample-server' };

/** A value for each placeholder, so that templates can be filled in without a cluster. */
const samples: Values = {
  kubeconfig: 'sample/kubeconfig',
  'cluster.domain': 'sample.domain',
  name: 'sample-client-to-sample-server-9000',
  port: 9000,
  'port.text': '9000',
  path: '/sample',
  method: 'GET',
  headers: { 'x-sample': 'sample' },
  match: 'match-1',
  'service.protocol': 'http',
  'pod.namespace': client.namespace,
  'pod.name': 'sample-client-1',
  ...partyValues('client', client),
  ...partyValues('server', server),
};

const domain = 'cluster.domain';
const ofClient = Object.keys(partyValues('client', client));
const ofServer = Object.keys(partyValues('server', server));
const ofPolicy = ['name', 'port', 'port.text', ...ofClient, ...ofServer, domain];

/** Which placeholders a part of a driver may have, besides those that may be anywhere. */
interface Scope {
  /** For people: `policy.allow.tcp`. */
  where: string;
  at: RegExp;
  names: readonly string[];
  /** Those that do not always have a value, and need a default. */
  optional?: readonly string[];
}

export const scopes: readonly Scope[] = [
  { where: 'enrol.client', at: /^enrol\.client\./, names: [...ofClient, domain] },
  { where: 'host', at: /^host\./, names: [...ofServer, domain] },
  { where: 'images, podImages', at: /^(images|podImages)\./, names: [] },
  { where: 'enrol.service', at: /^enrol\.service\./, names: ['service.protocol', domain] },
  { where: 'enrol', at: /^enrol\./, names: [domain] },
  { where: 'install', at: /^install\./, names: ['kubeconfig', 'modes.permissive', 'modes.egress', domain] },
  { where: 'uninstall, modes', at: /^(uninstall|modes\.\w+\.(on|off|invalid))\./, names: ['kubeconfig', domain] },
  { where: 'policy.allow.tcp', at: /^policy\.allow\.tcp\./, names: ofPolicy },
  {
    where: 'policy.allow.http',
    at: /^policy\.allow\.http\./,
    names: [...ofPolicy, 'match'],
    optional: ['path', 'method', 'headers'],
  },
  { where: 'diagnostics.mesh', at: /^diagnostics\.mesh\./, names: ['kubeconfig', domain] },
  { where: 'diagnostics.pod', at: /^diagnostics\.pod\./, names: ['kubeconfig', 'pod.namespace', 'pod.name', domain] },
];

/** A driver's templates filled in with sample values and the user's `KEY=VALUE` list. */
export function withSamples(spec: DriverSpec, sets: readonly string[] = []): DriverSpec {
  const words = modeNames.map((mode) => [`modes.${mode}`, spec.modes[mode]?.words?.on ?? true]);
  return fill(spec, fillingFor(spec, sets, { ...samples, ...Object.fromEntries(words) }));
}

/** What there can be several of in a policy, by the feature that says so: each time two samples. */
const several: Record<'several-clients' | 'several-ports', Values[]> = {
  'several-clients': ['sample-1', 'sample-2'].map((app) =>
    partyValues('client', { ...client, serviceAccount: app, app }),
  ),
  'several-ports': [9000, 9001].map((port) => ({ port, 'port.text': String(port) })),
};

export type Several = keyof typeof several;

/** A policy's objects as they are for two clients, or for two ports. */
export function filledForTwo(allow: AllowSpec, spec: DriverSpec, of: Several): AllowSpec {
  return fill(allow, { ...fillingFor(spec, [], samples), several: [several[of]] });
}

/** The same without what has no placeholders, and without secrets, under the names of their fields. */
export function renderedDriver({ spec }: Driver, sets: readonly string[]): Record<string, unknown> {
  const { images, podImages, install, uninstall, enrol, host, modes, policy, diagnostics } = withSamples(spec, sets);
  const { allow } = policy;
  return redactValue({ images, podImages, install, uninstall, enrol, host, modes, policy: { allow }, diagnostics });
}

/** Placeholders that have no value where they are, lack a default, or are malformed. */
export function* placeholderMistakes(spec: DriverSpec): Iterable<Mistake> {
  const variables = Object.keys(spec.variables ?? {}).map((name) => `var.${name}`);
  for (const [node, path] of parts(spec)) {
    if (/\{\{|\}\}/.test(String(path.at(-1)))) yield mistake(path, 'a key cannot have a placeholder', 'key');
    if (typeof node !== 'string') continue;
    for (const message of textMistakes(node, path, variables)) yield mistake(path, message);
  }
}

function* textMistakes(text: string, path: Path, variables: readonly string[]): Iterable<string> {
  if (text === splice) {
    const isArgument = path[0] === 'install' && path.at(-2) === 'run' && typeof path.at(-1) === 'number';
    if (!isArgument) yield `${splice} is allowed only as a list item of a run in install`;
    return;
  }
  const scope = scopes.find(({ at }) => at.test(`${path.join('.')}.`));
  for (const placeholder of placeholders(text)) {
    const message = placeholderMistake(placeholder, scope, variables);
    if (message !== undefined) yield message;
  }
  if (placeholders(text).some(({ name }) => name === 'headers') && !/^\{\{\s*headers\s*\|\s*\}\}$/.test(text))
    yield 'headers are an object, so a field or list item is only this: "{{headers|}}"; it is left out where there are none';
  if (hasStrayBraces(text)) yield "{{ and }} enclose a name: '{{name}}' or '{{name|default}}'";
  // `{client.namespace}` and `${client.namespace}`, as other templates have them.
  for (const [braces, name = ''] of text.matchAll(/(?<!\{)\$?\{\s*([\w.]+)\s*\}(?!\})/g)) {
    if (dottedNames.includes(name)) yield `${braces} is not a placeholder; write {{${name}}}`;
  }
}

/** Every placeholder with a dot; other names in single braces may be meant (`${HOME}`, a path's `{id}`). */
const dottedNames = scopes.flatMap(({ names }) => names).filter((name) => name.includes('.'));

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
