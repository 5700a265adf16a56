import { setTimeout as pause } from 'node:timers/promises';
import { engine } from './engine.ts';
import { ProviderError } from './error.ts';
import { fullName, type NodeFacts, type NodeImages, nodeFacts, nodeImages } from './node-images.ts';
import { nodesOf, refuseAborted, runEngine, type ToolContext } from './runtime.ts';
import { lastWords, runTool } from './tool.ts';

export interface LoadedImages {
  /** Copied from the local engine to the cluster's nodes. */
  loaded: string[];
  /** On all nodes before, the same image. */
  present: string[];
  /** Not known to the local engine: the cluster pulls them. */
  absent: string[];
  /** Known to the local engine for another platform than the nodes': useless there, so the cluster pulls them too. */
  foreign: ForeignImage[];
}

export interface ForeignImage {
  ref: string;
  /** Its own, such as `linux/arm64`. */
  platform: string;
  /** That of the nodes. */
  wanted: string;
}

/** For people: `images: loaded a b; present none; left to pull c`. */
export function imagesLine({ loaded, present, absent, foreign }: LoadedImages): string {
  const names = (list: string[]) => list.join(' ') || 'none';
  const left = [...absent, ...foreign.map(({ ref }) => ref)];
  return `images: loaded ${names(loaded)}; present ${names(present)}; left to pull ${names(left)}`;
}

/** For people: what each image of another platform is, and how to get the right one. */
export function foreignLines({ foreign }: LoadedImages): string[] {
  return foreign.map(
    ({ ref, platform, wanted }) =>
      `image ${ref} is for ${platform} on this machine, and the nodes are ${wanted}: it is not copied, and the cluster pulls it` +
      ` (to copy it: ${engine()} pull --platform ${wanted} ${ref})`,
  );
}

/** Saving and unpacking a gigabyte on a slow disk. */
const LOAD_MS = 300_000;

/** An image that the local engine has. */
interface LocalImage {
  id: string;
  platform: string;
}

/**
 * Copies images from the local engine to the nodes of a kind cluster, and sees that they have arrived. One stream for all of
 * them: layers that they share go once, and unpacking is what takes the time, which several streams at once make three times
 * longer. `kind load` would write all of it to a file first.
 * @throws ProviderError naming image and node
 */
export async function loadImages(clusterName: string, refs: string[], context: ToolContext): Promise<LoadedImages> {
  const once = [...new Map(refs.map((ref) => [fullName(ref), ref])).values()];
  const local = await localImages(once, context);
  const known = once.filter((ref) => local.has(ref));
  const result: LoadedImages = { loaded: [], present: [], absent: once.filter((ref) => !local.has(ref)), foreign: [] };
  if (known.length === 0) return result;

  const nodes = await Promise.all(
    (await nodesOf(clusterName, context)).map(async (name) => {
      const [images, facts] = await Promise.all([nodeImages(name, context), nodeFacts(name, context)]);
      return { name, images, facts };
    }),
  );
  result.foreign = known.flatMap((ref) => foreignImage(ref, local.get(ref), nodes));
  const wanted = known.filter((ref) => !result.foreign.some((each) => each.ref === ref));
  const isOn = (ref: string, images: NodeImages) => images.has(ref, local.get(ref)?.id ?? '');
  result.present = wanted.filter((ref) => nodes.every(({ images }) => isOn(ref, images)));
  result.loaded = wanted.filter((ref) => !result.present.includes(ref));
  await Promise.all(
    nodes.map(async ({ name, images, facts }) => {
      const missing = result.loaded.filter((ref) => !isOn(ref, images));
      if (missing.length === 0) return;
      await copy(missing, name, facts, context);
      await expectArrived(missing, name, context);
    }),
  );
  return result;
}

/** The image as a list of one where a node is of another platform. */
function foreignImage(ref: string, image: LocalImage | undefined, nodes: { facts: NodeFacts }[]): ForeignImage[] {
  const platform = image?.platform ?? '';
  const other = nodes.find(
    ({ facts }) => facts.platform !== undefined && platform !== '' && facts.platform !== platform,
  );
  return other?.facts.platform === undefined ? [] : [{ ref, platform, wanted: other.facts.platform }];
}

/** By reference, those that the local engine has. */
async function localImages(refs: string[], context: ToolContext): Promise<Map<string, LocalImage>> {
  // A reference by digest has no tag under which a node would find a copied image.
  const tagged = refs.filter((ref) => !ref.includes('@'));
  if (tagged.length === 0) return new Map();
  const format = '{{.Id}} {{.Os}}/{{.Architecture}} {{range .RepoTags}}{{.}} {{end}}';
  const { stdout } = await runEngine(['image', 'inspect', '--format', format, ...tagged], context);
  const known = new Map<string, LocalImage>();
  for (const line of stdout.toString().split('\n').filter(Boolean)) {
    const [id = '', platform = '', ...tags] = line.trim().split(' ');
    for (const tag of tags) known.set(fullName(tag), { id, platform });
  }
  return new Map(
    tagged.flatMap((ref): [string, LocalImage][] => {
      const image = known.get(fullName(ref));
      return image === undefined ? [] : [[ref, image]];
    }),
  );
}

/** `sh` connects the two ends, so that a gigabyte does not pass through this process. */
const PIPELINE =
  'engine=$1; node=$2; options=$3; shift 3; "$engine" save "$@" | ' +
  '"$engine" exec -i "$node" ctr --namespace=k8s.io images import $options -';
/** podman saves several images only when told to. */
const PODMAN_PIPELINE = PIPELINE.replace(' save ', ' save --multi-image-archive --format docker-archive ');

async function copy(refs: string[], node: string, facts: NodeFacts, context: ToolContext): Promise<void> {
  const script = engine() === 'podman' ? PODMAN_PIPELINE : PIPELINE;
  const options = [
    // An engine built on containerd also saves what it has of other platforms, which is seldom whole.
    facts.platform === undefined ? '' : `--platform=${facts.platform}`,
    // ctr has a default of its own, which a node need not support.
    facts.snapshotter === undefined ? '' : `--snapshotter=${facts.snapshotter}`,
  ];
  const argv = ['sh', '-c', script, 'load-images', engine(), node, options.join(' '), ...refs] as const;
  const result = await runTool(argv, { timeoutMs: LOAD_MS, ...context });
  refuseAborted(result, 'loading images');
  if (result.exitCode === 0) return;
  throw new ProviderError(
    `cannot load ${refs.join(', ')} into ${node}: ${lastWords(result)}`,
    /no space left/i.test(result.stderr) ? 'free disk space' : REMEDY,
  );
}

const REMEDY = 'try `kind load docker-image` by hand, or let the cluster pull the images';

/** Longest until containerd's CRI plugin has noticed an import, ms. */
const OFFERED_MS = 5_000;
const BETWEEN_LOOKS_MS = 100;

/**
 * Sees that the kubelet will find what was imported: containerd says that an import succeeded also where it took nothing.
 * @throws ProviderError
 */
async function expectArrived(refs: string[], node: string, context: ToolContext): Promise<void> {
  const deadline = performance.now() + OFFERED_MS;
  for (;;) {
    const images = await nodeImages(node, context);
    const missing = refs.filter((ref) => !images.knows(ref));
    if (missing.length > 0) {
      throw new ProviderError(
        `${missing.join(', ')} did not arrive on ${node}, although the import succeeded`,
        `see what this says: ${engine()} exec ${node} ctr --namespace=k8s.io images ls`,
      );
    }
    // A containerd that marks its images in another way offers them all the same.
    if (refs.every((ref) => images.offers(ref)) || performance.now() > deadline) return;
    await pause(BETWEEN_LOOKS_MS);
  }
}
