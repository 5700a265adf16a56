import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Answer, ClaimKey, Method, Params, Response } from './protocol.ts';

/** Where jest finds the runner's socket. */
export const SOCKET_VARIABLE = 'MESHPROOF_SOCKET';

interface Call {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** The claims' side of the socket. When the runner goes away, this process has nothing left to do and ends. */
export class RunnerClient {
  private readonly socket: Socket;
  private readonly calls = new Map<number, Call>();
  private count = 0;

  constructor(path: string) {
    this.socket = connect(path);
    this.socket.on('close', () => process.exit(1));
    this.socket.on('error', () => process.exit(1));
    createInterface({ input: this.socket }).on('line', (line) => this.settle(JSON.parse(line) as Response));
  }

  /** @param claim on whose behalf; absent where no claim asks */
  call<M extends Method>(method: M, params: Params<M>, claim?: ClaimKey): Promise<Answer<M>> {
    this.count += 1;
    const id = this.count;
    return new Promise((resolve, reject) => {
      this.calls.set(id, { resolve: (answer) => resolve(answer as Answer<M>), reject });
      this.socket.write(`${JSON.stringify({ id, claim, method, params })}\n`);
    });
  }

  /** Lets this process end by itself although the socket is open. */
  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private settle(response: Response): void {
    const call = this.calls.get(response.id);
    this.calls.delete(response.id);
    if ('answer' in response) call?.resolve(response.answer);
    else call?.reject(Object.assign(new Error(response.error.message), { name: response.error.name }));
  }
}

let client: RunnerClient | undefined;

/** The connection of this process to the runner that started it. */
export function runner(): RunnerClient {
  const path = process.env[SOCKET_VARIABLE];
  if (path === undefined) throw new Error(`claims run under "meshproof run" only: ${SOCKET_VARIABLE} is not set`);
  client ??= new RunnerClient(path);
  return client;
}
