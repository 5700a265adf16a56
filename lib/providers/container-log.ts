import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { LogHandlers, Stop } from '../kube/cluster.ts';
import { signalGroup } from '../processes/tool.ts';
import { engine } from './engine.ts';
import type { ToolContext } from './runtime.ts';

/** From the end of a follower that should not have ended until the next one, ms. */
const AGAIN_MS = 200;

/** Follows the log of one of the engine's containers, from its start, until it is stopped; taken up again where it breaks. */
export function followContainer(name: string, handlers: LogHandlers, context: Pick<ToolContext, 'child'>): Stop {
  let isStopped = false;
  let isBroken = false;
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;

  const line = (text: string): void => {
    if (isBroken) {
      isBroken = false;
      handlers.broken?.(false, '');
    }
    handlers.line(text);
  };
  const ended = (reason: string): void => {
    if (isStopped) return;
    if (!isBroken) {
      isBroken = true;
      handlers.broken?.(true, reason);
    }
    timer = setTimeout(follow, AGAIN_MS);
  };
  function follow(): void {
    // Lines that came before are told of again: whoever looks for words in a log does not mind.
    child = spawn(engine(), ['logs', '--follow', name], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: process.env,
    });
    if (child.pid !== undefined) context.child(child.pid, `${engine()} logs --follow ${name}`);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', line);
    }
    child.once('error', (error) => ended(error.message));
    child.once('close', (status) => {
      if (child?.pid !== undefined) ended(`${engine()} logs ended with status ${status}`);
    });
  }
  follow();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
      if (child?.pid !== undefined) signalGroup(child.pid, 'SIGTERM');
    },
  };
}
