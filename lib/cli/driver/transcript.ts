import type { Colours } from '../colours.ts';

/** A part of a driver that did not do what it is for. */
export class StepFailure extends Error {
  override name = 'StepFailure';
  /** Where to look, a line each. */
  readonly hints: readonly string[];
  constructor(message: string, hints: readonly string[]) {
    super(message);
    this.hints = hints;
  }
}

/** What people read while a driver is tried. */
export interface Transcript {
  readonly failures: number;
  heading(text: string): void;
  /** Does a step, and prints what it answers, or how it failed; anything but a StepFailure is passed on. */
  step(title: string, act: () => Promise<string>): Promise<boolean>;
  /** A step that the driver does not ask for, and why. */
  skip(title: string, reason: string): void;
  detail(line: string): void;
  conclude(line: string): void;
}

/** Characters for a step's title. */
const titleColumn = 18;

export function openTranscript(
  stream: { write(text: string): unknown },
  colours: Colours,
  log: (line: string) => void,
): Transcript {
  let failures = 0;
  const print = (text: string): void => {
    stream.write(`${text}\n`);
    log(text);
  };
  const indented = (text: string): string => text.split('\n').join(`\n${' '.repeat(titleColumn + 6)}`);
  const row = (mark: string, title: string, text: string): void =>
    print(`  ${mark} ${title.padEnd(titleColumn)} ${indented(text)}`);

  return {
    get failures() {
      return failures;
    },
    heading: (text) => print(colours.bold(text)),
    async step(title, act) {
      const begun = performance.now();
      try {
        const outcome = await act();
        const seconds = ((performance.now() - begun) / 1000).toFixed(1);
        row(colours.green('✓'), title, `${outcome} ${colours.dim(`(${seconds} s)`)}`);
        return true;
      } catch (error) {
        if (!(error instanceof StepFailure)) throw error;
        failures += 1;
        row(colours.red('✗'), title, [error.message, ...error.hints.map((hint) => `-> ${hint}`)].join('\n'));
        return false;
      }
    },
    skip: (title, reason) => row('-', title, colours.dim(reason)),
    detail: (line) => print(`    ${colours.dim(line)}`),
    conclude(line) {
      print('');
      print(
        failures === 0
          ? colours.green('every part did what it is for; next: meshproof run --mesh FILE')
          : colours.red(
              `${failures} ${failures === 1 ? 'part' : 'parts'} did not do what ${failures === 1 ? 'it is' : 'they are'} for`,
            ),
      );
      print(`  ${line}`);
    },
  };
}
