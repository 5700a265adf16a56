import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';

/** A shell's redirections reach up to descriptor 9; on 3 it waits to be let go. */
const DESCRIPTORS = [4, 5, 6, 7, 8, 9];

/** One direction of a process's standard streams: `childEnd` is handed to the process, then closed here. */
export interface Pipe {
  childEnd: number;
  ours: Socket;
}

interface Ends {
  reading: number;
  writing: number;
}

/**
 * Makes pipes for the standard streams of containers. Node's own are sockets, and a program in a container may open its
 * streams by name (`> /dev/stderr`), which works with pipes alone. A shell makes them, a few at a time.
 */
export class Pipes {
  readonly #ready: Ends[] = [];
  #refill: Promise<void> | undefined;

  /** A pipe that the process writes to. */
  async openOutput(): Promise<Pipe> {
    const { reading, writing } = await this.#take();
    return { childEnd: writing, ours: new Socket({ fd: reading, readable: true, writable: false }) };
  }

  /** A pipe that the process reads from. */
  async openInput(): Promise<Pipe> {
    const { reading, writing } = await this.#take();
    return { childEnd: reading, ours: new Socket({ fd: writing, readable: false, writable: true }) };
  }

  async #take(): Promise<Ends> {
    for (;;) {
      const ends = this.#ready.pop();
      if (ends !== undefined) return ends;
      this.#refill ??= this.#make().finally(() => {
        this.#refill = undefined;
      });
      await this.#refill;
    }
  }

  async #make(): Promise<void> {
    const shell = spawn('sh', ['-c', holdPipes(DESCRIPTORS)], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
    const ended = new Promise((resolve) => shell.once('close', resolve));
    try {
      const holder = await new Promise<number>((resolve, reject) => {
        shell.stdout?.once('data', (chunk: Buffer) => resolve(Number(chunk)));
        shell.once('error', reject);
        shell.once('exit', (status) => reject(new Error(`the shell that makes pipes ended with ${status}`)));
      });
      for (const descriptor of DESCRIPTORS) this.#ready.push(reopen(`/proc/${holder}/fd/${descriptor}`));
    } finally {
      shell.stdio[3]?.destroy();
    }
    await ended;
  }
}

/** Opened anew, each end has flags of its own: ours does not wait, the process's does. */
function reopen(path: string): Ends {
  const reading = openSync(path, 'r');
  try {
    return { reading, writing: openSync(path, 'w') };
  } catch (error) {
    closeSync(reading);
    throw error;
  }
}

/** A script whose innermost shell holds a pipe on each descriptor, prints its process id and waits to be let go. */
function holdPipes(descriptors: number[]): string {
  const [first, ...rest] = descriptors;
  if (first === undefined) return 'read -r pid rest < /proc/self/stat; echo "$pid"; read -r end <&3; :';
  return `: | { exec ${first}<&0; ${holdPipes(rest)}; }`;
}
