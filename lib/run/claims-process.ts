import { type Handlers, serveClaims } from '../judge/index.ts';
import { MeshproofError } from '../words/index.ts';
import type { RunContext } from './context.ts';
import { endAll } from './end-all.ts';
import { type JestChild, startJest } from './jest-child.ts';
import { socketPlace } from './socket-place.ts';

/** Longest until jest asks for the claims, ms. On an idle machine it takes one second. */
const START_MS = 60_000;

/** The process in which the claims' bodies run. */
export interface ClaimsProcess {
  /** Lets the claims begin. */
  serve(handlers: Handlers): void;
  ended: JestChild['ended'];
  kill(): void;
  /** Ends it, if it has not ended, and its connection. */
  close(): Promise<void>;
}

/**
 * Starts it while there is nothing to judge yet: what it asks for waits until somebody serves it, and its start costs no time.
 * @param limitMs longest until it asks for the claims; later it is ended, and `ended` rejects with an error of the harness
 */
export async function openClaims(
  run: RunContext,
  limitMs = START_MS * run.options.timeoutScale,
): Promise<ClaimsProcess> {
  const socket = socketPlace([run.registry.place, run.folder.path], run.runId);
  let serve: (handlers: Handlers) => void = () => undefined;
  const served = new Promise<Handlers>((resolve) => {
    serve = resolve;
  });
  let begun: () => void = () => undefined;
  const server = await serveClaims(
    socket.path,
    later(served, () => begun()),
  );
  const jest = await startJest(run, server.path);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    jest.kill();
  }, limitMs);
  begun = () => clearTimeout(timer);
  const ended = (async () => {
    const end = await jest.ended;
    clearTimeout(timer);
    if (!isLate) return end;
    const words = end.tail === '' ? 'it printed nothing' : `its last words: ${end.tail}`;
    throw new MeshproofError(
      'harness',
      `jest did not ask for the claims within ${limitMs / 1_000} s, and was ended; ${words}`,
    );
  })();
  // Told once the claims are judged; nobody waits for it until then.
  ended.catch((error: unknown) => run.log(`the claims' process: ${error}`));
  return {
    serve,
    ended,
    kill: () => jest.kill(),
    close: () => {
      clearTimeout(timer);
      return endAll(run.log, [
        () => jest.kill(),
        () => server.close(),
        () => socket.remove(),
        // Killed, it is gone in a moment; were it not, its entry would stay, and the take-down must not wait for it.
        () => Promise.race([jest.ended, new Promise((resolve) => setTimeout(resolve, ENDED_MS).unref())]),
      ]);
    },
  };
}

/** Longest that a killed jest is waited for, ms. */
const ENDED_MS = 5_000;

/** Handlers that wait for those who do the work. `begun` is called with each call. */
function later(served: Promise<Handlers>, begun: () => void): Handlers {
  const wait = (method: string | symbol) => async (params: unknown, claim: unknown) => {
    begun();
    const handle = (await served)[method as keyof Handlers] as (params: unknown, claim: unknown) => Promise<unknown>;
    return handle(params, claim);
  };
  return new Proxy({} as Handlers, { get: (_, method) => wait(method) });
}
