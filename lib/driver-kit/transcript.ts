import type { Colours } from '../console/colours.ts';
import { print } from '../console/output.ts';
import { FixtureError } from '../fixtures/index.ts';
import { ClusterError } from '../kube/cluster.ts';
import { MeshError } from '../mesh/index.ts';

/** A part of a driver that failed its test. */
export class PartFailure extends Error {
  override name = 'PartFailure';
  /** Where to look, one line each. */
  readonly hints: readonly string[];
  /** The routes that were answered at the end, by their place in what was expected. */
  readonly answered: readonly number[];
  constructor(message: string, hints: readonly string[], answered: readonly number[] = []) {
    super(message);
    this.hints = hints;
    this.answered = answered;
  }
}

/** Errors of the API about a request's content, not about the cluster. */
const aboutContent = new Set(['invalid', 'not-found', 'conflict', 'forbidden']);

/** What an error says about the driver under test; undefined if it has nothing to do with it. */
export function failureOf(error: unknown): PartFailure | undefined {
  if (error instanceof PartFailure) return error;
  if (error instanceof MeshError || error instanceof FixtureError)
    return new PartFailure(error.message, error.remedy === undefined ? [] : [error.remedy]);
  if (!(error instanceof ClusterError) || !aboutContent.has(error.code)) return undefined;
  return new PartFailure(error.message, ["compare it with the mesh's own definitions: driver check --against"]);
}

/** Characters for a part's title. */
const titleColumn = 18;

/** What people read while a driver is tested. */
export class Transcript {
  private readonly stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>;
  private readonly colours: Colours;
  private readonly log: (line: string) => void;
  private readonly failed: string[] = [];

  constructor(stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>, colours: Colours, log: (line: string) => void) {
    this.stream = stream;
    this.colours = colours;
    this.log = log;
  }

  get failures(): number {
    return this.failed.length;
  }

  heading(text: string): void {
    this.write(this.colours.bold(text));
  }

  detail(line: string): void {
    this.write(`    ${this.colours.dim(line)}`);
  }

  /**
   * Tests a part, and prints the result or the failure.
   * @returns whether it passed
   * @throws errors that are not about the driver
   */
  async part(title: string, act: () => Promise<string>): Promise<boolean> {
    const { green, red, dim } = this.colours;
    const begun = performance.now();
    try {
      const outcome = await act();
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      this.row(green('✓'), title, `${outcome} ${dim(`(${seconds} s)`)}`);
      return true;
    } catch (error) {
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      this.failed.push(title);
      this.row(red('✗'), title, [failure.message, ...failure.hints.map((hint) => `-> ${hint}`)].join('\n'));
      return false;
    }
  }

  /** A part that is not tested, and why. */
  skip(title: string, reason: string): void {
    this.row('-', title, this.colours.dim(reason));
  }

  /** @param next the command that follows if all parts passed @param line printed in any case */
  conclude(next: string, line: string): void {
    const { green, red } = this.colours;
    const [first, second] = this.failed;
    this.write('');
    if (second !== undefined) this.write(`fix ${first} first; later failures may follow from it`);
    const count = this.failed.length === 1 ? '1 part' : `${this.failed.length} parts`;
    this.write(first === undefined ? green(`all parts passed; next: ${next}`) : red(`${count} failed`));
    this.write(`  ${line}`);
  }

  private row(mark: string, title: string, text: string): void {
    const indented = text.split('\n').join(`\n${' '.repeat(titleColumn + 6)}`);
    this.write(`  ${mark} ${title.padEnd(titleColumn)} ${indented}`);
  }

  private write(text: string): void {
    print(`${text}\n`, this.stream);
    this.log(text);
  }
}
