import { CLIENTS, SERVERS } from '../../fixtures/table.ts';
import { suggestedSlip } from '../../words/index.ts';
import type { AllowSpec, DriverSpec } from '../driver.ts';
import { isFields } from '../objects.ts';
import { type Mistake, mistake, type Path } from '../source.ts';
import { fill, placeholderNames } from '../template.ts';
import { sampleFilling } from './samples.ts';

/** Names and namespaces of the fixtures. Drivers name them by placeholders: a run may give them other names. */
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
export function policyMistakes(spec: DriverSpec): Mistake[] {
  const { policy, enrol = {}, diagnostics = {} } = spec;
  const ofAllow = (['tcp', 'http'] as const).flatMap((protocol) => {
    const allow = policy.allow[protocol];
    if (allow === undefined) return [];
    const path = ['policy', 'allow', protocol];
    const rendered = fill(allow, sampleFilling(spec));
    return [...nameMistakes(allow, path), ...partyMistakes(allow, path), ...referenceMistakes(rendered, path)];
  });
  return [
    ...ofAllow,
    ...fixtureMistakes(policy.allow, ['policy', 'allow']),
    ...fixtureMistakes(enrol, ['enrol']),
    ...fixtureMistakes(diagnostics, ['diagnostics']),
  ];
}

function nameMistakes(allow: AllowSpec, path: Path): Mistake[] {
  return (['route', 'target'] as const).flatMap((list) =>
    (allow[list] ?? []).flatMap(({ metadata: { name } }, index): Mistake[] => {
      const differs = [...placeholderNames(name)].some((each) => !/^(set|var)\./.test(each));
      if (differs) return [];
      const message = `"${name}" is one name for the policies of all clients, which several claims make at once; write {{name}} into it`;
      return [mistake([...path, list, index, 'metadata', 'name'], message)];
    }),
  );
}

function partyMistakes({ route = [], target }: AllowSpec, path: Path): Mistake[] {
  if (target.length === 0) return [];
  // The name of an object identifies no workload.
  const names = placeholderNames(
    [...route, ...target].map(({ metadata: { name: _, ...rest }, ...fields }) => [rest, fields]),
  );
  const missing = (['client', 'server'] as const).filter(
    (party) => ![...names].some((name) => name.startsWith(`${party}.`)),
  );
  return missing.map((party) => {
    const message = `no object names the ${party}; write {{${party}.namespace}} and {{${party}.serviceAccount}} where the mesh identifies it`;
    return mistake([...path, 'target'], message, 'key');
  });
}

/** References by kind and name, within the objects, to one of the same list that has another name or another kind. */
function referenceMistakes({ route = [], target }: AllowSpec, path: Path): Mistake[] {
  const made = [...route, ...target].map(({ kind, metadata: { name } }) => ({ kind, name }));
  const kinds = made.map(({ kind }) => kind);
  const walk = (node: unknown, at: Path): Mistake[] => {
    if (Array.isArray(node)) return node.flatMap((item, index) => walk(item, [...at, index]));
    if (!isFields(node)) return [];
    const { kind, name } = node;
    const within = Object.entries(node).flatMap(([key, value]) => walk(value, [...at, key]));
    if (typeof kind !== 'string' || typeof name !== 'string') return within;
    if (!kinds.includes(kind)) {
      const isMade = made.some((object) => object.name === name);
      const meant = isMade ? suggestedSlip(kind, kinds) : undefined;
      if (meant === undefined) return within;
      return [...within, mistake([...at, 'kind'], `this policy makes no ${kind}; did you mean "${meant}"?`)];
    }
    if (made.some((object) => object.kind === kind && object.name === name)) return within;
    const names = made.filter((object) => object.kind === kind).map((object) => object.name);
    const message = `this policy makes no ${kind} ${name}; with sample values it makes ${names.join(', ')}`;
    return [...within, mistake([...at, 'name'], message)];
  };
  return [...walk(route, [...path, 'route']), ...walk(target, [...path, 'target'])];
}

/** Texts that are a fixture's name, or a host's name of one; and a fixture's port in a policy. */
function fixtureMistakes(node: unknown, path: Path): Mistake[] {
  if (path[0] === 'policy' && fixturePorts.includes(String(node))) {
    const message = `${node} is a fixture's port, and claims use others, too; write {{port}}, or {{port.text}} for a text`;
    return [mistake(path, message)];
  }
  if (typeof node === 'string') return fixtureName(node, path);
  if (Array.isArray(node)) return node.flatMap((item, index) => fixtureMistakes(item, [...path, index]));
  if (!isFields(node)) return [];
  return Object.entries(node).flatMap(([key, value]) => {
    // A file may have any name.
    const isFile = path[0] === 'diagnostics' && key === 'file';
    return isFile ? [] : fixtureMistakes(value, [...path, key]);
  });
}

function fixtureName(text: string, path: Path): Mistake[] {
  // A program may have a fixture's name: `curl`.
  if (path.at(-2) === 'run' && path.at(-1) === 0) return [];
  const words = text.replaceAll(/\{\{.*?\}\}/g, '').split(/[./:]|%2F/);
  const name = words.find((word) => fixtureNames.has(word));
  if (name === undefined) return [];
  const role = fixtureNames.get(name);
  const wanted =
    path[0] === 'diagnostics'
      ? '{{pod.namespace}} and {{pod.name}}'
      : `{{${role}.namespace}}, {{${role}.serviceAccount}} or {{${role}.app}}`;
  return [mistake(path, `"${text}" names the fixture ${name}, which has another name in other runs; write ${wanted}`)];
}
