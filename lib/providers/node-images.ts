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
  /** Whether the node has an image of this name, whatever is in it. */
  knows(ref: string): boolean;
  /** Whether the node has this very image under this name. */
  has(ref: string, id: string): boolean;
  /** Whether the kubelet may use what has this name: containerd's CRI plugin has seen it. */
  offers(ref: string): boolean;
}

/** What containerd's CRI plugin puts on an image when it takes notice of it. */
const OFFERED = 'io.cri-containerd.image=managed';

/** What a node's containerd has; nothing where it does not answer. */
export async function nodeImages(node: string, context: ToolContext): Promise<NodeImages> {
  const { exitCode, stdout } = await runEngine(['exec', node, 'ctr', '--namespace=k8s.io', 'images', 'ls'], context);
  return parseNodeImages(exitCode === 0 ? stdout.toString() : '');
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

/** What an import into a node's containerd must be told. */
export interface NodeFacts {
  /** The one that its containers' files come from; undefined where its configuration does not say. */
  snapshotter: string | undefined;
  /** Such as `linux/amd64`; undefined for a machine that Kubernetes has no name for. */
  platform: string | undefined;
}

/** Asks a node for what images must be to run there. */
export async function nodeFacts(node: string, context: ToolContext): Promise<NodeFacts> {
  const [config, machine] = await Promise.all([
    runEngine(['exec', node, 'containerd', 'config', 'dump'], context),
    runEngine(['exec', node, 'uname', '-m'], context),
  ]);
  return {
    snapshotter: snapshotterIn(config.stdout.toString()),
    platform: platformOf(machine.stdout.toString().trim()),
  };
}

/** Where containerd's configuration names it, in versions 2 and 3 of its format (as in kind's `parseSnapshotter`). */
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
    // What is no TOML names none, and containerd's own default is the best guess.
    return undefined;
  }
  const named = SNAPSHOTTER_PATHS.map((path) => path.reduce(member, config));
  return named.find((value): value is string => typeof value === 'string' && value !== '');
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** Linux's names of machines, and those of Go, which images go by. */
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
