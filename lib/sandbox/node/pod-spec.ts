import type { Manifest } from '../contract.ts';

/** The fields of a pod's spec that the node uses. */
export interface PodSpec {
  containers: ContainerSpec[];
  initContainers?: ContainerSpec[];
  restartPolicy: 'Always' | 'OnFailure' | 'Never';
  volumes?: { name: string; emptyDir?: object }[];
  hostname?: string;
}

export interface ContainerSpec {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  workingDir?: string;
  env?: { name: string; value?: string; valueFrom?: { fieldRef?: { fieldPath: string } } }[];
  envFrom?: object[];
  volumeMounts?: { name: string; mountPath: string; subPath?: string }[];
  /** `Always` in an init container: it goes on running beside the others. */
  restartPolicy?: 'Always';
  readinessProbe?: ProbeSpec;
  livenessProbe?: ProbeSpec;
  startupProbe?: ProbeSpec;
}

export interface ProbeSpec {
  exec?: { command: string[] };
  initialDelaySeconds?: number;
  periodSeconds: number;
  timeoutSeconds: number;
  failureThreshold: number;
}

/** Annotation with the name of the container that gets a pod's connections. Sidecar injection sets it. */
export const TRANSPARENT_PROXY = 'sandbox.meshproof.dev/transparent-proxy';

/** Annotation with a container, as JSON, that the node runs for a pod outside of the pod: a proxy per node. */
export const NODE_PROXY = 'sandbox.meshproof.dev/node-proxy';

/** The pod's spec. The API server has validated it. */
export function specOf(pod: Manifest): PodSpec {
  return pod['spec'] as PodSpec;
}

/** The number of a port that may be given by name. Undefined if no container declares the name. */
export function portNumber(pod: Manifest, port: number | string): number | undefined {
  if (typeof port === 'number') return port;
  return declaredPorts(pod).find(({ name }) => name === port)?.containerPort;
}

/** The ports that a pod's containers declare. */
export function declaredPorts(pod: Manifest): { name?: string; containerPort: number }[] {
  const { containers } = pod['spec'] as { containers: { ports?: { name?: string; containerPort: number }[] }[] };
  return containers.flatMap(({ ports }) => ports ?? []);
}

/** The containers that the node runs for a pod and does not report in its status. */
export function nodeContainers(pod: Manifest): ContainerSpec[] {
  const text = pod.metadata.annotations?.[NODE_PROXY];
  return text === undefined ? [] : [JSON.parse(text) as ContainerSpec];
}

/** @throws Error for a field that would change the container and that the sandbox does not support */
export function refuseUnsupported(container: ContainerSpec): void {
  const { startupProbe, readinessProbe, livenessProbe, envFrom = [], volumeMounts = [] } = container;
  const unsupported = [
    ...(livenessProbe === undefined ? [] : ['livenessProbe']),
    ...[startupProbe, readinessProbe].flatMap((probe) =>
      probe === undefined || probe.exec !== undefined ? [] : ['a probe without exec'],
    ),
    ...envFrom.map(() => 'envFrom'),
    ...volumeMounts.flatMap(({ subPath }) => (subPath === undefined ? [] : ['subPath'])),
  ];
  if (unsupported.length > 0) {
    throw new Error(`container ${container.name}: the sandbox does not support ${unsupported.join(', ')}`);
  }
}

/**
 * The environment of a container.
 *
 * @throws Error for a variable whose source the sandbox does not support
 */
export function environmentOf(container: ContainerSpec, pod: Manifest, podAddress: string): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { name, value = '', valueFrom } of container.env ?? []) {
    env[name] = expand(valueFrom === undefined ? value : fieldOf(pod, podAddress, valueFrom.fieldRef?.fieldPath), env);
  }
  return env;
}

/** Replaces `$(NAME)` by the value of the variable, and `$$` by `$`. An unknown variable stays as it is. */
export function expand(text: string, env: Record<string, string>): string {
  return text.replace(/\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? whole),
  );
}

function fieldOf({ metadata }: Manifest, podAddress: string, path = 'no field'): string {
  const fields: Record<string, string | undefined> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'status.podIP': podAddress,
  };
  const value = fields[path];
  if (value === undefined) throw new Error(`the sandbox does not support variables from ${path}`);
  return value;
}
