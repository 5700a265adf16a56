import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtFolder, PROJECT } from '../../compiled/built.js';
import { withoutOptions } from '../../options/index.ts';

/** Time to clean up after the input ends, before the process is killed, ms. */
const GRACE_MS = 30_000;

export interface Performed {
  /** The run's exit status, or that of the process if it ended first. Absent if a signal ended it. */
  status?: number;
  /** Everything that the program printed. */
  output: string;
}

export interface ProgramOptions {
  /** Folder of the program, which is built first if it has changed. Default: this program's own. */
  project?: string;
  /** A command that starts the process, as words. */
  around?: string[];
}

/** A process of the program that runs one command line after the other. */
export class ProgramProcess {
  readonly #child;
  readonly #exit: Promise<void>;
  #output = '';
  #onOutput: () => void = () => undefined;
  #isOver = false;
  #status: number | undefined;

  static async start({ project = PROJECT, around = [] }: ProgramOptions = {}): Promise<ProgramProcess> {
    const worker = join(await builtFolderOf(project), 'program', 'worker.js');
    return new ProgramProcess([...around, process.execPath, '--enable-source-maps', worker]);
  }

  private constructor([file = '', ...args]: string[]) {
    // In its own process group, so that Ctrl-C reaches it only once, through `end`.
    this.#child = spawn(file, args, {
      detached: true,
      stdio: 'pipe',
      // The user's options for other runs must not change a cell.
      env: withoutOptions(process.env),
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#onOutput();
      });
    }
    // The process may end before it has read its input.
    this.#child.stdin.on('error', () => this.#child.stdin.destroy());
    this.#exit = new Promise((resolve) => {
      const over = (status: number | null): void => {
        this.#isOver = true;
        this.#status = status ?? undefined;
        this.#onOutput();
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
   * Runs one command line. Call it only after the previous one has ended.
   *
   * @param limitMs - after this time the process ends
   */
  async perform(argv: string[], limitMs: number): Promise<Performed> {
    this.#output = '';
    this.#child.stdin.write(`${JSON.stringify(argv)}\n`);
    const timer = setTimeout(() => void this.end(), limitMs);
    const performed = await new Promise<Performed>((resolve) => {
      this.#onOutput = () => {
        const [, output = '', status] = /^(.*)\0(\d+)\n/s.exec(this.#output) ?? [];
        if (status !== undefined) resolve({ status: Number(status), output });
        else if (this.#isOver) resolve(this.#endedEarly());
      };
      this.#onOutput();
    });
    clearTimeout(timer);
    return performed;
  }

  #endedEarly(): Performed {
    return { output: this.#output, ...(this.#status === undefined ? {} : { status: this.#status }) };
  }

  /** Interrupts the current run, which cleans up. Resolves when the process has ended. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await this.#exit;
    clearTimeout(timer);
  }
}

/** A copy of the project may be another version, so its own code builds it. */
async function builtFolderOf(project: string): Promise<string> {
  if (project === PROJECT) return builtFolder();
  const copy = (await import(pathToFileURL(join(project, 'lib/compiled/built.js')).href)) as {
    builtFolder: typeof builtFolder;
  };
  return copy.builtFolder();
}
