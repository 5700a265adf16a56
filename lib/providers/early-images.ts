import { setTimeout as pause } from 'node:timers/promises';
import { imagesLine, loadImages } from './images.ts';
import { nodesOf, runEngine, type ToolContext } from './runtime.ts';

/** What kind says once the nodes' containers run. */
const NODES_RUN = /✓ Preparing nodes/;
const TRIES = 40;
const BETWEEN_TRIES_MS = 250;

/** Images on their way to a cluster that is being created. */
export interface EarlyImages {
  /** To be told each line that kind prints. */
  line(text: string): void;
  /** Settles when no copying goes on; never rejects. */
  over(): Promise<void>;
  /** Ends the copying. */
  stop(): Promise<void>;
}

/**
 * Copies images to the nodes while kind brings the control plane up, which waits more than it works. What fails is only
 * reported: `loadImages` copies later what is not there.
 */
export function earlyImages(
  clusterName: string,
  refs: string[],
  context: ToolContext & { report(line: string): void },
): EarlyImages {
  const stopping = new AbortController();
  const own = { ...context, signal: AbortSignal.any([context.signal, stopping.signal]) };
  let copying: Promise<void> | undefined;
  const copy = async () => {
    try {
      await untilNodesTakeImages(clusterName, own);
      context.report(imagesLine(await loadImages(clusterName, refs, own)));
    } catch (error) {
      context.report(`images were not copied early: ${error instanceof Error ? error.message : error}`);
    }
  };
  return {
    line(text) {
      if (refs.length > 0 && NODES_RUN.test(text)) copying ??= copy();
    },
    over: async () => copying,
    async stop() {
      stopping.abort();
      await copying;
    },
  };
}

async function untilNodesTakeImages(clusterName: string, context: ToolContext): Promise<void> {
  const nodes = await nodesOf(clusterName, context);
  const take = async (node: string) => (await runEngine(['exec', node, 'ctr', 'version'], context)).exitCode === 0;
  for (let tries = 0; tries < TRIES && !context.signal.aborted; tries += 1) {
    if ((await Promise.all(nodes.map(take))).every(Boolean)) return;
    await pause(BETWEEN_TRIES_MS);
  }
  throw new Error('no node takes images');
}
