import { type Handlers, serveClaims } from '../../claim/index.ts';
import type { RunContext } from './context.ts';
import { type JestChild, startJest } from './jest-child.ts';
import { socketPlace } from './socket-place.ts';

/** The process in which the claims' bodies run. */
export interface ClaimsProcess {
  /** Lets the claims begin. */
  serve(handlers: Handlers): void;
  ended: JestChild['ended'];
  kill(): void;
  /** Ends it, if it has not ended, and its connection. */
  close(): Promise<void>;
}

/** Starts it while there is nothing to judge yet: what it asks for waits until somebody serves it, and its start costs no time. */
export async function openClaims(run: RunContext): Promise<ClaimsProcess> {
  const socket = socketPlace(run.folder.path);
  let serve: (handlers: Handlers) => void = () => undefined;
  const served = new Promise<Handlers>((resolve) => {
    serve = resolve;
  });
  const server = await serveClaims(socket.path, later(served));
  const jest = startJest(run, server.path);
  return {
    serve,
    ended: jest.ended,
    kill: () => jest.kill(),
    close: async () => {
      jest.kill();
      await server.close();
      socket.remove();
    },
  };
}

/** Handlers that wait for those who do the work. */
function later(served: Promise<Handlers>): Handlers {
  const wait = (method: string | symbol) => async (params: unknown, claim: unknown) => {
    const handle = (await served)[method as keyof Handlers] as (params: unknown, claim: unknown) => Promise<unknown>;
    return handle(params, claim);
  };
  return new Proxy({} as Handlers, { get: (_, method) => wait(method) });
}
