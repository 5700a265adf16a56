import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';

/** A shell can redirect descriptors up to 9. It waits for its end on 3. */
const DESCRIPTORS = [4, 5, 6, 7, 8, 9];

/** A pipe for one standard stream of a process. The process gets `childEnd`, which is then closed here. */
export interface Pipe {
  childEnd: number;
  ours: Socket;
}

interface Ends {
  reading: number;
  writing: number;
}

/**
 * Makes pipes for the standard streams of containers. Node's own are sockets, but a program may open its streams by name
 * (`> /dev/stderr`), which works with pipes only. A shell makes them, a few at a time.
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
    const shell = spawn('sh', ['-c', pipeScript(DESCRIPTORS)], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
    const ended = new Promise((resolve) => shell.once('close', resolve));
    try {
      const owner = await new Promise<number>((resolve, reject) => {
        shell.stdout?.once('data', (chunk: Buffer) => resolve(Number(chunk)));
        shell.once('error', reject);
        shell.once('exit', (status) => reject(new Error(`the shell that makes pipes ended with ${status}`)));
      });
      for (const descriptor of DESCRIPTORS) this.#ready.push(reopen(`/proc/${owner}/fd/${descriptor}`));
    } finally {
      shell.stdio[3]?.destroy();
    }
    await ended;
  }
}

/** Opens both ends again, because each end needs its own flags: ours does not block, the process's does. */
function reopen(path: string): Ends {
  const reading = openSync(path, 'r');
  try {
    return { reading, writing: openSync(path, 'w') };
  } catch (error) {
    closeSync(reading);
    throw error;
  }
}

/** A script whose innermost shell has a pipe on each descriptor. It prints its process id, and waits for input on 3. */
function pipeScript(descriptors: number[]): string {
  const [first, ...rest] = descriptors;
  if (first === undefined) return 'read -r pid rest < /proc/self/stat; echo "$pid"; read -r end <&3; :';
  return `: | { exec ${first}<&0; ${pipeScript(rest)}; }`;
}
