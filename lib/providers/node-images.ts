import { parse } from 'smol-toml';
import { runEngine, type ToolContext } from './runtime.ts';

/** `curlimages/curl` as containerd writes it: `docker.io/curlimages/curl:latest`. */
export function fullName(ref: string): string {
  const [first = '', ...rest] = ref.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const host = !hasHost || first === 'index.docker.io' ? 'docker.io' : first;
  const path = hasHost ? rest : [first, ...rest];
  const named = [host, ...(host === 'docker.io' && path.length === 1 ? ['library'] : []), ...path].join('/');
  return /:[^/]+$/.test(named) ? named : `${named}:latest`;
}

export interface NodeImages {
  /** Whether the node has an image of this name, with any content. */
  knows(ref: string): boolean;
  /** Whether the node has the image with this id under this name. */
  has(ref: string, id: string): boolean;
  /** Whether the kubelet may use it: containerd's CRI plugin has noticed it. */
  offers(ref: string): boolean;
}

/** The label that containerd's CRI plugin puts on an image when it notices it. */
const OFFERED = 'io.cri-containerd.image=managed';

/** The images of a node's containerd; none if it does not answer. */
export async function nodeImages(node: string, context: ToolContext): Promise<NodeImages> {
  const { exitCode, stdout } = await runEngine(['exec', node, 'ctr', '--namespace=k8s.io', 'images', 'ls'], context);
  return parseNodeImages(exitCode === 0 ? stdout : '');
}

/**
 * Reads containerd's list. It names an image by its references and, once the kubelet may use it, by its id; all names of
 * one image have the same digest. An engine that is itself built on containerd uses that digest as the id.
 */
export function parseNodeImages(table: string): NodeImages {
  const rows = table.split('\n').slice(1);
  const digests = new Map<string, string>();
  const offered = new Set<string>();
  for (const row of rows) {
    const [name = '', , digest = ''] = row.split(/\s+/);
    digests.set(name, digest);
    if (row.includes(OFFERED)) offered.add(name);
  }
  return {
    knows: (ref) => digests.has(fullName(ref)),
    has(ref, id) {
      const digest = digests.get(fullName(ref));
      return digest !== undefined && (digest === id || digest === digests.get(id));
    },
    offers: (ref) => offered.has(fullName(ref)),
  };
}

/** What the import into a node's containerd must know. */
export interface NodeFacts {
  /** The one that its containers use; undefined if its configuration does not say. */
  snapshotter: string | undefined;
  /** Such as `linux/amd64`; undefined for an architecture without a Kubernetes name. */
  platform: string | undefined;
}

export async function nodeFacts(node: string, context: ToolContext): Promise<NodeFacts> {
  const [config, machine] = await Promise.all([
    runEngine(['exec', node, 'containerd', 'config', 'dump'], context),
    runEngine(['exec', node, 'uname', '-m'], context),
  ]);
  return { snapshotter: snapshotterIn(config.stdout), platform: platformOf(machine.stdout.trim()) };
}

/** The field of containerd's configuration, in versions 3 and 2 of its format (as in kind's `parseSnapshotter`). */
const SNAPSHOTTER_PATHS = [
  ['plugins', 'io.containerd.cri.v1.images', 'snapshotter'],
  ['plugins', 'io.containerd.grpc.v1.cri', 'containerd', 'snapshotter'],
];

/** @param dump what `containerd config dump` prints, in TOML */
export function snapshotterIn(dump: string): string | undefined {
  let config: unknown;
  try {
    config = parse(dump);
  } catch {
    // Without it, ctr uses its default.
    return undefined;
  }
  const named = SNAPSHOTTER_PATHS.map((path) => path.reduce(member, config));
  return named.find((value): value is string => typeof value === 'string' && value !== '');
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** Linux's names of architectures, and those of Go, which images have. */
const ARCHITECTURES: Record<string, string> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  ppc64le: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
};

/** @param machine what `uname -m` prints */
export function platformOf(machine: string): string | undefined {
  const architecture = ARCHITECTURES[machine];
  return architecture === undefined ? undefined : `linux/${architecture}`;
}
