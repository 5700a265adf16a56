import { pollUntil } from '../polling/poll-until.ts';
import { EnvironmentError } from '../words/index.ts';
import { engine } from './engine.ts';
import { fullName, type NodeFacts, nodeFacts, nodeImages } from './node-images.ts';
import { expectSuccess, nodesOf, runEngine, runTool, type ToolContext } from './runtime.ts';

export interface LoadedImages {
  /** Copied from the local engine to the cluster's nodes. */
  loaded: string[];
  /** All nodes had the same image before. */
  present: string[];
  /** The local engine does not have them: the cluster pulls them. */
  absent: string[];
  /** The local engine has them, but a node cannot use a copy: the cluster pulls them. `why` is for people. */
  useless: { ref: string; why: string }[];
}

/** For people: `images: loaded a b; present none; left to pull c`. */
export function imagesLine({ loaded, present, absent, useless }: LoadedImages): string {
  const names = (list: string[]) => list.join(' ') || 'none';
  const left = [...absent, ...useless.map(({ ref }) => ref)];
  return `images: loaded ${names(loaded)}; present ${names(present)}; left to pull ${names(left)}`;
}

/** For people: why images of this machine are not copied, a line each. */
export function uselessLines({ useless }: LoadedImages): string[] {
  return useless.map(({ ref, why }) => `image ${ref} is not copied, and the cluster pulls it: ${why}`);
}

/** To save and unpack a gigabyte on a slow disk. */
const LOAD_MS = 300_000;

/**
 * Copies images from the local engine to the nodes of a kind cluster and checks that they arrive. One stream holds all of
 * them, so that shared layers are sent once; several streams at once take three times as long to unpack. `kind load` would
 * first write everything to a file.
 * @throws EnvironmentError naming image and node
 */
export async function loadImages(clusterName: string, refs: string[], context: ToolContext): Promise<LoadedImages> {
  const once = [...new Map(refs.map((ref) => [fullName(ref), ref])).values()];
  const local = await localImages(once, context);
  const [known, absent] = [once.filter((ref) => local.has(ref)), once.filter((ref) => !local.has(ref))];
  if (known.length === 0) return { loaded: [], present: [], absent, useless: [] };

  const nodes = await Promise.all(
    (await nodesOf(clusterName, context)).map(async (name) => {
      const [images, facts] = await Promise.all([nodeImages(name, context), nodeFacts(name, context)]);
      const has = (ref: string) => images.has(ref, local.get(ref)?.id ?? '');
      return { name, has, facts };
    }),
  );
  const useless = known.flatMap((ref) => {
    const platforms = nodes.map(({ facts }) => facts.platform);
    const why = whyUseless(ref, local.get(ref)?.platform ?? '', platforms);
    return why === undefined ? [] : [{ ref, why }];
  });
  const wanted = known.filter((ref) => !useless.some((each) => each.ref === ref));
  const present = wanted.filter((ref) => nodes.every(({ has }) => has(ref)));
  const loaded = wanted.filter((ref) => !present.includes(ref));
  await Promise.all(
    nodes.map(async ({ name, has, facts }) => {
      const missing = loaded.filter((ref) => !has(ref));
      if (missing.length === 0) return;
      await copy(missing, name, facts, context);
      await expectArrived(missing, name, context);
    }),
  );
  return { loaded, present, absent, useless };
}

/** Why a node could not run a copy of the image, or would not find it. */
function whyUseless(ref: string, platform: string, ofNodes: (string | undefined)[]): string | undefined {
  if (ref.includes('@')) {
    return 'it is named by its digest, which a copy does not keep (to copy it, name it by a tag alone, with --image or --set)';
  }
  const other = ofNodes.find((each) => each !== undefined && each !== platform);
  if (other === undefined || platform === '') return undefined;
  const pull = `${engine()} pull --platform ${other} ${ref}`;
  return `here it is for ${platform}, and the nodes are ${other} (to copy it: ${pull})`;
}

/** The images that the local engine has, by reference. A platform is such as `linux/amd64`. */
async function localImages(
  refs: string[],
  context: ToolContext,
): Promise<Map<string, { id: string; platform: string }>> {
  if (refs.length === 0) return new Map();
  const format =
    '{{.Id}} {{.Os}}/{{.Architecture}} {{range .RepoTags}}{{.}} {{end}}{{range .RepoDigests}}{{.}} {{end}}';
  const { stdout } = await runEngine(['image', 'inspect', '--format', format, ...refs], context);
  const images = stdout.split('\n').map((line) => {
    const [id = '', platform = '', ...names] = line.trim().split(' ');
    return { id, platform, names: names.map(localName) };
  });
  const found = refs.map((ref) => [ref, images.findLast(({ names }) => names.includes(localName(ref)))] as const);
  return new Map(found.flatMap(([ref, image]) => (image === undefined ? [] : [[ref, image]])));
}

/** The engine lists a digest without the tag that the reference may have before it. */
function localName(ref: string): string {
  return fullName(ref.replace(/:[^:/@]+@/, '@'));
}

/** `sh` connects the two ends, so that the images do not pass through this process. */
const PIPELINE =
  'engine=$1; node=$2; options=$3; shift 3; "$engine" save "$@" | ' +
  '"$engine" exec -i "$node" ctr --namespace=k8s.io images import $options -';
/** podman saves several images only if told to. */
const PODMAN_PIPELINE = PIPELINE.replace(' save ', ' save --multi-image-archive --format docker-archive ');

async function copy(refs: string[], node: string, facts: NodeFacts, context: ToolContext): Promise<void> {
  const script = engine() === 'podman' ? PODMAN_PIPELINE : PIPELINE;
  const options = [
    // An engine built on containerd also saves the incomplete images that it has for other platforms.
    facts.platform === undefined ? '' : `--platform=${facts.platform}`,
    // A node need not support the default of ctr.
    facts.snapshotter === undefined ? '' : `--snapshotter=${facts.snapshotter}`,
  ];
  const argv = ['sh', '-c', script, 'load-images', engine(), node, options.join(' '), ...refs] as const;
  const result = await runTool(argv, context, { timeoutMs: LOAD_MS });
  const remedy = /no space left/i.test(result.stderr)
    ? 'free disk space'
    : 'try `kind load docker-image` by hand, or let the cluster pull the images';
  expectSuccess(result, `cannot load ${refs.join(', ')} into ${node}`, remedy);
}

/** Longest until containerd's CRI plugin offers an imported image, ms. */
const OFFERED_MS = 5_000;

/**
 * Checks that the kubelet will find the imported images: containerd reports success even if it imported nothing.
 * @throws EnvironmentError
 */
async function expectArrived(refs: string[], node: string, context: ToolContext): Promise<void> {
  const attempt = async () => {
    const images = await nodeImages(node, context);
    const missing = refs.filter((ref) => !images.knows(ref));
    if (missing.length > 0) {
      throw new EnvironmentError(
        `${missing.join(', ')} did not arrive on ${node}, although the import succeeded`,
        `look at the output of: ${engine()} exec ${node} ctr --namespace=k8s.io images ls`,
      );
    }
    return refs.every((ref) => images.offers(ref)) || undefined;
  };
  // When the time is over, go on: a containerd that marks its images in another way offers them, too.
  await pollUntil(attempt, { everyMs: 100, timeoutMs: OFFERED_MS, signal: context.signal });
}

/** kind's line once the nodes' containers run. */
const NODES_RUN = /✓ Preparing nodes/;

/** Copies images to a cluster that is being created. */
export interface EarlyImages {
  /** Takes each line that kind prints. */
  line(text: string): void;
  /** Settles when no copying goes on; never rejects. */
  over(): Promise<void>;
  /** Ends the copying. */
  stop(): Promise<void>;
}

/**
 * Copies images to the nodes while kind starts the control plane, which waits more than it works. Failures are only
 * reported: `loadImages` copies the missing images later.
 */
export function earlyImages(
  clusterName: string,
  refs: string[],
  context: ToolContext & { report(line: string): void },
): EarlyImages {
  const stopping = new AbortController();
  const own = { ...context, signal: AbortSignal.any([context.signal, stopping.signal]) };
  let copying: Promise<void> | undefined;
  const copyOnce = async () => {
    try {
      await waitForContainerd(clusterName, own);
      context.report(imagesLine(await loadImages(clusterName, refs, own)));
    } catch (error) {
      context.report(`images were not copied early: ${error instanceof Error ? error.message : error}`);
    }
  };
  return {
    line(text) {
      if (refs.length > 0 && NODES_RUN.test(text)) copying ??= copyOnce();
    },
    over: async () => copying,
    async stop() {
      stopping.abort();
      await copying;
    },
  };
}

async function waitForContainerd(clusterName: string, context: ToolContext): Promise<void> {
  const nodes = await nodesOf(clusterName, context);
  const attempt = async () => {
    const answers = nodes.map((node) => runEngine(['exec', node, 'ctr', 'version'], context));
    return (await Promise.all(answers)).every(({ exitCode }) => exitCode === 0) || undefined;
  };
  const answers = await pollUntil(attempt, { everyMs: 250, attempts: 40, signal: context.signal });
  if (!answers) throw new Error('containerd does not answer on all nodes');
}
