import type { Manifest, ObjectView } from '../contract.ts';
import type { ContainerSpec, EnvVar } from './pod-spec.ts';

/** What `fieldRef` can name. */
export interface PodFacts {
  pod: Manifest;
  podAddress: string;
}

/**
 * The environment of a container, with references resolved.
 *
 * @throws Error naming what a variable refers to and is not there
 */
export function environmentOf(container: ContainerSpec, facts: PodFacts, view: ObjectView): Record<string, string> {
  const namespace = facts.pod.metadata.namespace ?? 'default';
  const found: Record<string, string> = {};
  for (const source of container.envFrom ?? []) {
    for (const [kind, ref] of [['ConfigMap', source.configMapRef] as const, ['Secret', source.secretRef] as const]) {
      if (ref !== undefined) Object.assign(found, dataOf(view, kind, namespace, ref.name));
    }
  }
  for (const variable of container.env ?? []) {
    const value = valueIn(variable, facts, view, namespace);
    if (value !== undefined) found[variable.name] = expand(value, found);
  }
  return found;
}

/** Replaces `$(NAME)` by the variable's value; one that is not set stays as it is, `$$` stands for `$`. */
export function expand(text: string, env: Record<string, string>): string {
  return text.replace(/\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? whole),
  );
}

/** The decoded entries of a ConfigMap or Secret. @throws Error when it is not there */
export function dataOf(
  view: ObjectView,
  kind: 'ConfigMap' | 'Secret',
  namespace: string,
  name: string,
): Record<string, string> {
  const object = view.get({ apiVersion: 'v1', kind, namespace, name });
  if (object === undefined) throw new Error(`${kind.toLowerCase()} "${name}" not found`);
  const data = (object['data'] ?? {}) as Record<string, string>;
  if (kind === 'ConfigMap') return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

function valueIn(variable: EnvVar, facts: PodFacts, view: ObjectView, namespace: string): string | undefined {
  const from = variable.valueFrom;
  if (from === undefined) return variable.value ?? '';
  if (from.fieldRef !== undefined) return fieldOf(facts, from.fieldRef.fieldPath);
  for (const [kind, ref] of [['ConfigMap', from.configMapKeyRef] as const, ['Secret', from.secretKeyRef] as const]) {
    if (ref === undefined) continue;
    const value = dataOf(view, kind, namespace, ref.name)[ref.key];
    if (value === undefined && ref.optional !== true) throw new Error(`${ref.name} has no key "${ref.key}"`);
    return value;
  }
  throw new Error(`variable ${variable.name} refers to something that the sandbox does not have`);
}

function fieldOf({ pod, podAddress }: PodFacts, path: string): string {
  const { metadata } = pod;
  const spec = (pod['spec'] ?? {}) as { nodeName?: string; serviceAccountName?: string };
  const member = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (member !== null) return metadata[member[1] as 'labels' | 'annotations']?.[member[2] ?? ''] ?? '';
  const fields: Record<string, string | undefined> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName ?? 'default',
    'status.podIP': podAddress,
    'status.hostIP': podAddress,
  };
  if (!(path in fields)) throw new Error(`field path not supported: ${path}`);
  return fields[path] ?? '';
}
