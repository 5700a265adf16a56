import { setTimeout as pause } from 'node:timers/promises';
import { lastWords, runTool } from '../processes/tool.ts';
import { EnvironmentError } from '../words/index.ts';
import { engine } from './engine.ts';
import { fullName, type NodeFacts, type NodeImages, nodeFacts, nodeImages } from './node-images.ts';
import { nodesOf, refuseAborted, runEngine, type ToolContext } from './runtime.ts';

export interface LoadedImages {
  /** Copied from the local engine to the cluster's nodes. */
  loaded: string[];
  /** On all nodes before, the same image. */
  present: string[];
  /** Not known to the local engine: the cluster pulls them. */
  absent: string[];
  /** Known to the local engine, but of no use on a node: the cluster pulls them too. */
  useless: UselessImage[];
}

export interface UselessImage {
  ref: string;
  /** For people, with what to do about it. */
  why: string;
}

/** For people: `images: loaded a b; present none; left to pull c`. */
export function imagesLine({ loaded, present, absent, useless }: LoadedImages): string {
  const names = (list: string[]) => list.join(' ') || 'none';
  const left = [...absent, ...useless.map(({ ref }) => ref)];
  return `images: loaded ${names(loaded)}; present ${names(present)}; left to pull ${names(left)}`;
}

/** For people: why images that this machine has are not copied, a line each. */
export function uselessLines({ useless }: LoadedImages): string[] {
  return useless.map(({ ref, why }) => `image ${ref} is not copied, and the cluster pulls it: ${why}`);
}

/** Saving and unpacking a gigabyte on a slow disk. */
const LOAD_MS = 300_000;

/** An image that the local engine has. */
interface LocalImage {
  id: string;
  /** Such as `linux/amd64`. */
  platform: string;
}

const PINNED =
  'it is named by its digest, which a copy does not keep (to copy it, name it by a tag alone, with --image or --set)';

/**
 * Copies images from the local engine to the nodes of a kind cluster, and sees that they have arrived. One stream for all of
 * them: layers that they share go once, and unpacking is what takes the time, which several streams at once make three times
 * longer. `kind load` would write all of it to a file first.
 * @throws EnvironmentError naming image and node
 */
export async function loadImages(clusterName: string, refs: string[], context: ToolContext): Promise<LoadedImages> {
  const once = [...new Map(refs.map((ref) => [fullName(ref), ref])).values()];
  const local = await localImages(once, context);
  const known = once.filter((ref) => local.has(ref));
  const result: LoadedImages = { loaded: [], present: [], absent: once.filter((ref) => !local.has(ref)), useless: [] };
  if (known.length === 0) return result;

  const nodes = await Promise.all(
    (await nodesOf(clusterName, context)).map(async (name) => {
      const [images, facts] = await Promise.all([nodeImages(name, context), nodeFacts(name, context)]);
      return { name, images, facts };
    }),
  );
  result.useless = known.flatMap((ref) => uselessImage(ref, local.get(ref), nodes));
  const wanted = known.filter((ref) => !result.useless.some((each) => each.ref === ref));
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

/** The image as a list of one where a node could not run its copy, or would not find it. */
function uselessImage(ref: string, image: LocalImage | undefined, nodes: { facts: NodeFacts }[]): UselessImage[] {
  if (isPinned(ref)) return [{ ref, why: PINNED }];
  const platform = image?.platform ?? '';
  const other = nodes.map(({ facts }) => facts.platform).find((each) => each !== undefined && each !== platform);
  if (other === undefined || platform === '') return [];
  const pull = `${engine()} pull --platform ${other} ${ref}`;
  return [{ ref, why: `here it is for ${platform}, and the nodes are ${other} (to copy it: ${pull})` }];
}

const isPinned = (ref: string) => ref.includes('@');

/** By reference, those that the local engine has. */
async function localImages(refs: string[], context: ToolContext): Promise<Map<string, LocalImage>> {
  if (refs.length === 0) return new Map();
  const format =
    '{{.Id}} {{.Os}}/{{.Architecture}} {{range .RepoTags}}{{.}} {{end}}{{range .RepoDigests}}{{.}} {{end}}';
  const { stdout } = await runEngine(['image', 'inspect', '--format', format, ...refs], context);
  const known = new Map<string, LocalImage>();
  for (const line of stdout.toString().split('\n').filter(Boolean)) {
    const [id = '', platform = '', ...names] = line.trim().split(' ');
    for (const name of names) known.set(localName(name), { id, platform });
  }
  return new Map(
    refs.flatMap((ref): [string, LocalImage][] => {
      const image = known.get(localName(ref));
      return image === undefined ? [] : [[ref, image]];
    }),
  );
}

/** A digest says all; the engine lists it without the tag that may stand before it. */
function localName(ref: string): string {
  return fullName(ref.replace(/:[^:/@]+@/, '@'));
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
  throw new EnvironmentError(
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
 * @throws EnvironmentError
 */
async function expectArrived(refs: string[], node: string, context: ToolContext): Promise<void> {
  const deadline = performance.now() + OFFERED_MS;
  for (;;) {
    const images = await nodeImages(node, context);
    const missing = refs.filter((ref) => !images.knows(ref));
    if (missing.length > 0) {
      throw new EnvironmentError(
        `${missing.join(', ')} did not arrive on ${node}, although the import succeeded`,
        `see what this says: ${engine()} exec ${node} ctr --namespace=k8s.io images ls`,
      );
    }
    // A containerd that marks its images in another way offers them all the same.
    if (refs.every((ref) => images.offers(ref)) || performance.now() > deadline) return;
    await pause(BETWEEN_LOOKS_MS);
  }
}
