import { ProviderError } from './error.ts';
import { engine, nodesOf, refuseAborted, runEngine, type ToolContext } from './runtime.ts';
import { lastWords, runTool } from './tool.ts';

export interface LoadedImages {
  /** Copied from the local engine to the cluster's nodes. */
  loaded: string[];
  /** On all nodes before, the same image. */
  present: string[];
  /** Not known to the local engine: the cluster pulls them. */
  absent: string[];
}

/** For people: `images: loaded a b; present none; left to pull c`. */
export function imagesLine({ loaded, present, absent }: LoadedImages): string {
  const names = (list: string[]) => list.join(' ') || 'none';
  return `images: loaded ${names(loaded)}; present ${names(present)}; left to pull ${names(absent)}`;
}

/** Saving and unpacking a gigabyte on a slow disk. */
const LOAD_MS = 300_000;

/**
 * Copies images from the local engine to the nodes of a kind cluster. One stream for all of them: layers that they share
 * go once, and unpacking is what takes the time, which several streams at once make three times longer.
 * @throws ProviderError
 */
export async function loadImages(clusterName: string, refs: string[], context: ToolContext): Promise<LoadedImages> {
  const local = await localImages([...new Set(refs)], context);
  const wanted = refs.filter((ref) => local.has(ref));
  const result: LoadedImages = { loaded: [], present: [], absent: refs.filter((ref) => !local.has(ref)) };
  if (wanted.length === 0) return result;
  const nodes = await nodesOf(clusterName, context);
  const onNodes = await Promise.all(nodes.map((node) => nodeImages(node, context)));
  const isOn = (ref: string, images: NodeImages) => images.has(ref, local.get(ref) ?? '');
  result.present = wanted.filter((ref) => onNodes.every((images) => isOn(ref, images)));
  result.loaded = wanted.filter((ref) => !result.present.includes(ref));
  await Promise.all(
    nodes.map((node, i) => {
      const missing = result.loaded.filter((ref) => !isOn(ref, onNodes[i] ?? NO_IMAGES));
      return missing.length === 0 ? undefined : copy(missing, node, context);
    }),
  );
  return result;
}

/** Ids by reference, for those of the references that the local engine has. */
async function localImages(refs: string[], context: ToolContext): Promise<Map<string, string>> {
  // A reference by digest has no tag under which a node would find a copied image.
  const tagged = refs.filter((ref) => !ref.includes('@'));
  if (tagged.length === 0) return new Map();
  const format = '{{.Id}} {{range .RepoTags}}{{.}} {{end}}';
  const { stdout } = await runEngine(['image', 'inspect', '--format', format, ...tagged], context);
  const ids = new Map<string, string>();
  for (const line of stdout.toString().split('\n').filter(Boolean)) {
    const [id = '', ...tags] = line.trim().split(' ');
    for (const tag of tags) ids.set(fullName(tag), id);
  }
  return new Map(tagged.flatMap((ref) => (ids.has(fullName(ref)) ? [[ref, ids.get(fullName(ref)) ?? '']] : [])));
}

/** `curlimages/curl` as containerd writes it: `docker.io/curlimages/curl:latest`. */
export function fullName(ref: string): string {
  const [first = '', ...rest] = ref.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const named = hasHost ? ref : rest.length > 0 ? `docker.io/${ref}` : `docker.io/library/${ref}`;
  return /:[^/]+$/.test(named) ? named : `${named}:latest`;
}

interface NodeImages {
  has(ref: string, id: string): boolean;
}
const NO_IMAGES: NodeImages = { has: () => false };

async function nodeImages(node: string, context: ToolContext): Promise<NodeImages> {
  const { exitCode, stdout } = await runEngine(['exec', node, 'ctr', '--namespace=k8s.io', 'images', 'ls'], context);
  return exitCode === 0 ? parseNodeImages(stdout.toString()) : NO_IMAGES;
}

/**
 * Reads containerd's list. It names an image by its references and, once the kubelet may use it, by its id; all names of
 * one image have the same digest. An engine that is itself built on containerd uses that digest as the id.
 */
export function parseNodeImages(table: string): NodeImages {
  const rows = table.split('\n').slice(1);
  const digests = new Map(
    rows.map((row): [string, string] => {
      const [name = '', , digest = ''] = row.split(/\s+/);
      return [name, digest];
    }),
  );
  return {
    has(ref, id) {
      const digest = digests.get(fullName(ref));
      return digest !== undefined && (digest === id || digest === digests.get(id));
    },
  };
}

/** `sh` connects the two ends, so that a gigabyte does not pass through this process. */
const PIPELINE =
  'engine=$1; node=$2; shift 2; "$engine" save "$@" | "$engine" exec -i "$node" ctr --namespace=k8s.io images import -';
/** podman saves several images only when told to. */
const PODMAN_PIPELINE = PIPELINE.replace(' save ', ' save --multi-image-archive --format docker-archive ');

async function copy(refs: string[], node: string, context: ToolContext): Promise<void> {
  const script = engine() === 'podman' ? PODMAN_PIPELINE : PIPELINE;
  const result = await runTool(['sh', '-c', script, 'load-images', engine(), node, ...refs], {
    timeoutMs: LOAD_MS,
    ...context,
  });
  refuseAborted(result, 'loading images');
  if (result.exitCode === 0) return;
  throw new ProviderError(
    `cannot load ${refs.join(', ')} into ${node}: ${lastWords(result)}`,
    'free disk space, or let the cluster pull the images',
  );
}
