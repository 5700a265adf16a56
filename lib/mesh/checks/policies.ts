import { CLIENTS, SERVERS } from '../../fixtures/table.ts';
import { suggestedSlip } from '../../words/index.ts';
import type { AllowSpec, DriverSpec } from '../driver.ts';
import { isFields, parts } from '../objects.ts';
import { type Mistake, mistake, type Path } from '../source.ts';
import { placeholderNames } from '../template.ts';
import { filledForTwo, type Several } from './placeholders.ts';

/** Names and namespaces of the fixtures, with their roles. Drivers name them by placeholders: a run may give them other names. */
const fixtureNames = new Map([...namesOf('server', SERVERS), ...namesOf('client', CLIENTS)]);

function namesOf(role: string, table: typeof SERVERS | typeof CLIENTS): [string, string][] {
  const enrolled = Object.entries(table).filter(([, { side }]) => side === 'enrolled');
  return enrolled.flatMap(([name, { namespace }]) => [
    [name, role],
    [namespace, role],
  ]);
}

/** Ports of the fixtures' servers. */
const fixturePorts = Object.values(SERVERS).flatMap((server) =>
  [server.port, 'otherPort' in server ? server.otherPort : server.port].map(String),
);

/**
 * Policies that cannot let exactly one client reach one server, in any mesh. They overwrite each other, or name no
 * client, no server, a fixture, or an object that they do not make. A claim would blame the mesh.
 */
export function* policyMistakes(spec: DriverSpec, filled: DriverSpec): Iterable<Mistake> {
  for (const protocol of ['tcp', 'http'] as const) {
    const allow = spec.policy.allow[protocol];
    const filledAllow = filled.policy.allow[protocol];
    if (allow === undefined || filledAllow === undefined) continue;
    const path = ['policy', 'allow', protocol];
    yield* nameMistakes(allow, path);
    yield* partyMistakes(allow, path);
    yield* referenceMistakes(filledAllow, path);
    for (const feature of ['several-clients', 'several-ports'] as const) {
      if (spec.features.supported.includes(feature)) yield* repetitionMistakes(allow, spec, feature, path);
    }
  }
  yield* fixtureMistakes(spec.policy.allow, ['policy', 'allow']);
  yield* fixtureMistakes(spec.enrol, ['enrol']);
  yield* fixtureMistakes(spec.diagnostics, ['diagnostics']);
}

function* nameMistakes(allow: AllowSpec, path: Path): Iterable<Mistake> {
  for (const list of ['route', 'target'] as const) {
    for (const [index, { metadata }] of (allow[list] ?? []).entries()) {
      const { name } = metadata;
      const differs = [...placeholderNames(name)].some((each) => !/^(set|var)\./.test(each));
      if (differs) continue;
      const message = `"${name}" is one name for the policies of all clients, which several claims make at once; write {{name}} into it`;
      yield mistake([...path, list, index, 'metadata', 'name'], message);
    }
  }
}

/** Objects that a policy for two clients, or for two ports, has twice under one name, so that only one of them is left. */
function* repetitionMistakes(allow: AllowSpec, spec: DriverSpec, feature: Several, path: Path): Iterable<Mistake> {
  for (const list of ['route', 'target'] as const) {
    for (const [index, template] of (allow[list] ?? []).entries()) {
      const { target } = filledForTwo({ target: [template] }, spec, feature);
      const names = target.map(({ kind, metadata: { namespace, name } }) => `${kind} ${namespace}/${name}`);
      if (new Set(names).size === names.length) continue;
      const [what, placeholder] = feature === 'several-ports' ? ['ports', '{{port}}'] : ['clients', '{{client.…}}'];
      const message = `with two ${what} this object is made twice under one name; write ${placeholder} into a list or into the name, or declare ${feature} unsupported`;
      yield mistake([...path, list, index], message, 'key');
    }
  }
}

function* partyMistakes({ route = [], target }: AllowSpec, path: Path): Iterable<Mistake> {
  if (target.length === 0) return;
  // The name of an object identifies no workload.
  const names = [
    ...placeholderNames([...route, ...target].map(({ metadata: { name: _, ...rest }, ...fields }) => [rest, fields])),
  ];
  for (const party of ['client', 'server']) {
    if (names.some((name) => name.startsWith(`${party}.`))) continue;
    const message = `no object names the ${party}; write {{${party}.namespace}} and {{${party}.serviceAccount}} where the mesh identifies it`;
    yield mistake([...path, 'target'], message, 'key');
  }
}

/** References by kind and name, within the objects, to one of the same list that has another name or another kind. */
function* referenceMistakes({ route = [], target }: AllowSpec, path: Path): Iterable<Mistake> {
  const made = [...route, ...target].map(({ kind, metadata: { name } }) => ({ kind, name }));
  const kinds = made.map(({ kind }) => kind);
  for (const [node, at] of parts({ route, target }, path)) {
    if (!isFields(node)) continue;
    const { kind, name } = node;
    if (typeof kind !== 'string' || typeof name !== 'string') continue;
    const names = made.filter((object) => object.kind === kind).map((object) => object.name);
    if (names.length === 0) {
      const isMade = made.some((object) => object.name === name);
      const meant = isMade ? suggestedSlip(kind, kinds) : undefined;
      if (meant === undefined) continue;
      yield mistake([...at, 'kind'], `this policy makes no ${kind}; did you mean "${meant}"?`);
    } else if (!names.includes(name)) {
      const message = `this policy makes no ${kind} ${name}; with sample values it makes ${names.join(', ')}`;
      yield mistake([...at, 'name'], message);
    }
  }
}

/** Texts that are a fixture's name, or a host's name of one; and a fixture's port in a policy. */
function* fixtureMistakes(part: unknown, path: Path): Iterable<Mistake> {
  for (const [node, at] of parts(part, path)) {
    if (at[0] === 'policy' && typeof node !== 'object' && fixturePorts.includes(String(node))) {
      const message = `${node} is a fixture's port, and claims use others, too; write {{port}}, or {{port.text}} for a text`;
      yield mistake(at, message);
    } else if (typeof node === 'string') yield* fixtureName(node, at);
  }
}

function* fixtureName(text: string, path: Path): Iterable<Mistake> {
  const isDiagnostic = path[0] === 'diagnostics';
  // A program may have a fixture's name (`curl`), and a file may have any name.
  if (path.at(-2) === 'run' && path.at(-1) === 0) return;
  if (isDiagnostic && path.at(-1) === 'file') return;
  const words = text.replaceAll(/\{\{.*?\}\}/g, '').split(/[./:]|%2F/);
  const name = words.find((word) => fixtureNames.has(word));
  if (name === undefined) return;
  const role = fixtureNames.get(name);
  const wanted = isDiagnostic
    ? '{{pod.namespace}} and {{pod.name}}'
    : `{{${role}.namespace}}, {{${role}.serviceAccount}} or {{${role}.app}}`;
  yield mistake(path, `"${text}" names the fixture ${name}, which has another name in other runs; write ${wanted}`);
}
