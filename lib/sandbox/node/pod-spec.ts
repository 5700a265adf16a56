import type { Manifest } from '../contract.ts';

/** The parts of a pod's spec that the node acts on. */
export interface PodSpec {
  containers: ContainerSpec[];
  initContainers?: ContainerSpec[];
  restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  volumes?: Volume[];
  hostname?: string;
  hostAliases?: { ip: string; hostnames: string[] }[];
}

export interface ContainerSpec {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  workingDir?: string;
  env?: EnvVar[];
  envFrom?: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  volumeMounts?: { name: string; mountPath: string; subPath?: string }[];
  /** `Always` in an init container makes it run beside the others. */
  restartPolicy?: 'Always';
  readinessProbe?: ProbeSpec;
  livenessProbe?: ProbeSpec;
  startupProbe?: ProbeSpec;
}

export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: {
    fieldRef?: { fieldPath: string };
    configMapKeyRef?: KeyRef;
    secretKeyRef?: KeyRef;
  };
}

interface KeyRef {
  name: string;
  key: string;
  optional?: boolean;
}

export interface Volume {
  name: string;
  emptyDir?: object;
  configMap?: { name: string; items?: { key: string; path: string }[] };
  secret?: { secretName: string; items?: { key: string; path: string }[] };
}

export interface ProbeSpec {
  exec?: { command: string[] };
  httpGet?: { path?: string; port: number | string; scheme?: string };
  tcpSocket?: { port: number | string };
  initialDelaySeconds?: number;
  periodSeconds?: number;
  timeoutSeconds?: number;
  successThreshold?: number;
  failureThreshold?: number;
}

/** Names the container that a pod's connections are led through; set where a sidecar is injected. */
export const TRANSPARENT_PROXY = 'sandbox.meshproof.dev/transparent-proxy';

/** Holds, as JSON, a container that the node runs for the pod without its being one of the pod's: a proxy per node. */
export const NODE_PROXY = 'sandbox.meshproof.dev/node-proxy';

/** The pod's spec, as the API server has checked it. */
export function specOf(pod: Manifest): PodSpec {
  return pod['spec'] as PodSpec;
}

/** The number of a port that may be given by its name; undefined for a name that no container declares. */
export function portNumber(pod: Manifest, port: number | string): number | undefined {
  if (typeof port === 'number') return port;
  return declaredPorts(pod).find(({ name }) => name === port)?.containerPort;
}

/** The ports that a pod's containers declare. */
export function declaredPorts(pod: Manifest): { name?: string; containerPort: number }[] {
  const { containers } = pod['spec'] as { containers: { ports?: { name?: string; containerPort: number }[] }[] };
  return containers.flatMap(({ ports }) => ports ?? []);
}

/** What the node runs for a pod and does not report as part of it. */
export function nodeContainers(pod: Manifest): ContainerSpec[] {
  const text = pod.metadata.annotations?.[NODE_PROXY];
  return text === undefined ? [] : [JSON.parse(text) as ContainerSpec];
}
