import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ClaimKey, Handlers, Method, Request, Response } from './protocol.ts';

export interface ClaimServer {
  path: string;
  close(): Promise<void>;
}

/**
 * Takes the calls of the one jest process over a Unix socket, one line of JSON each.
 * @param path the socket's; Linux allows 107 characters
 */
export async function serveClaims(path: string, handlers: Handlers): Promise<ClaimServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const lines = createInterface({ input: socket });
    // readline repeats the socket's errors as its own, and one that nobody hears would end this process.
    lines.on('error', () => socket.destroy());
    lines.on('line', (line) => {
      const request = requestIn(line);
      if (request === undefined) {
        socket.destroy();
        return;
      }
      void answer(request, handlers).then((response) => {
        if (!socket.destroyed) socket.write(`${JSON.stringify(response)}\n`);
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    path,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Undefined for half a line, as a process leaves it that is killed while it writes. */
function requestIn(line: string): Request | undefined {
  try {
    return JSON.parse(line) as Request;
  } catch {
    return undefined;
  }
}

async function answer({ id, claim = NO_CLAIM, method, params }: Request, handlers: Handlers): Promise<Response> {
  try {
    const handler = handlers[method] as (
      params: unknown,
      claim: ClaimKey,
    ) => Promise<Handlers[Method] extends (p: never) => Promise<infer A> ? A : never>;
    return { id, answer: await handler(params, claim) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { id, error: { name, message } };
  }
}

/** No plan has it: whatever a claim has to be known for is refused. */
const NO_CLAIM: ClaimKey = { id: '', run: 0 };
