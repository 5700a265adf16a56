import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { builtFolder } from '../../compiled/built.js';
import { withoutOptions } from '../../options/index.ts';

/** The folder of the program that this file is part of. */
export const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
/** To end and tidy up by itself after it was told to, ms. */
const GRACE_MS = 30_000;

export interface Performed {
  /** The run's own, or that of the process, where it ended before the run did; absent where a signal ended it. */
  status?: number;
  /** All that the program printed. */
  output: string;
}

export interface ProgramOptions {
  /** Folder of the program; this one's own unless told. It is built first, where it is not built as it stands. */
  project?: string;
  /** Words of a command that the process is to be started by. */
  around?: string[];
}

/** The program in a process of its own, which runs one command line after the other. */
export class ProgramProcess {
  readonly #child;
  readonly #exit: Promise<void>;
  #output = '';
  #hear: () => void = () => undefined;
  #isOver = false;
  #status: number | undefined;

  static async start({ project = PROJECT, around = [] }: ProgramOptions = {}): Promise<ProgramProcess> {
    const worker = join(await builtFolderOf(project), 'program', 'worker.js');
    return new ProgramProcess([...around, process.execPath, '--enable-source-maps', worker]);
  }

  private constructor([file = '', ...args]: string[]) {
    // In a group of its own: Ctrl-C reaches it once, through `end`, and not a second time from the terminal.
    this.#child = spawn(file, args, {
      detached: true,
      stdio: 'pipe',
      // A cell is what its words say: options that the user has for other runs would make another cell of it.
      env: withoutOptions(process.env),
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#hear();
      });
    }
    // It may be gone before it has read what it is to do.
    this.#child.stdin.on('error', () => this.#child.stdin.destroy());
    this.#exit = new Promise((resolve) => {
      const over = (status: number | null): void => {
        this.#isOver = true;
        this.#status = status ?? undefined;
        this.#hear();
        resolve();
      };
      this.#child.once('close', over);
      this.#child.once('error', () => over(null));
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Has it run one command line; only after the one before is over.
   *
   * @param limitMs - longest that it may take until the process is ended
   */
  async perform(argv: string[], limitMs: number): Promise<Performed> {
    this.#output = '';
    this.#child.stdin.write(`${JSON.stringify(argv)}\n`);
    const timer = setTimeout(() => void this.end(), limitMs);
    const performed = await new Promise<Performed>((resolve) => {
      this.#hear = () => {
        const [, output = '', status] = /^(.*)\0(\d+)\n/s.exec(this.#output) ?? [];
        if (status !== undefined) resolve({ status: Number(status), output });
        else if (this.#isOver) resolve(this.#endedEarly());
      };
      this.#hear();
    });
    clearTimeout(timer);
    return performed;
  }

  #endedEarly(): Performed {
    return { output: this.#output, ...(this.#status === undefined ? {} : { status: this.#status }) };
  }

  /** Has it break off what it does, clean up and end; settles when it is gone. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await this.#exit;
    clearTimeout(timer);
  }
}

/** A copy of the project is built by its own rules, which may be those of another version. */
async function builtFolderOf(project: string): Promise<string> {
  if (project === PROJECT) return builtFolder();
  const copy = (await import(pathToFileURL(join(project, 'lib/compiled/built.js')).href)) as {
    builtFolder: typeof builtFolder;
  };
  return copy.builtFolder();
}
