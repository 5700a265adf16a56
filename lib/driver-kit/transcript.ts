import type { Colours } from '../console/colours.ts';
import { print } from '../console/output.ts';
import { findingOf } from './finding.ts';

/** What people read while a driver is tried. */
export interface Transcript {
  readonly failures: number;
  heading(text: string): void;
  /** Does a step, and prints what it answers, or how it failed; what is no finding about the driver is passed on. */
  step(title: string, act: () => Promise<string>): Promise<boolean>;
  /** A step that the driver does not ask for, and why. */
  skip(title: string, reason: string): void;
  detail(line: string): void;
  /** @param next the command that follows where all went well @param line printed in any case */
  conclude(next: string, line: string): void;
}

/** Characters for a step's title. */
const titleColumn = 18;

export function openTranscript(
  stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>,
  colours: Colours,
  log: (line: string) => void,
): Transcript {
  const failed: string[] = [];
  const write = (text: string): void => {
    print(`${text}\n`, stream);
    log(text);
  };
  const indented = (text: string): string => text.split('\n').join(`\n${' '.repeat(titleColumn + 6)}`);
  const row = (mark: string, title: string, text: string): void =>
    write(`  ${mark} ${title.padEnd(titleColumn)} ${indented(text)}`);

  return {
    get failures() {
      return failed.length;
    },
    heading: (text) => write(colours.bold(text)),
    async step(title, act) {
      const begun = performance.now();
      try {
        const outcome = await act();
        const seconds = ((performance.now() - begun) / 1000).toFixed(1);
        row(colours.green('✓'), title, `${outcome} ${colours.dim(`(${seconds} s)`)}`);
        return true;
      } catch (error) {
        const finding = findingOf(error);
        if (finding === undefined) throw error;
        failed.push(title);
        row(colours.red('✗'), title, [finding.message, ...finding.hints.map((hint) => `-> ${hint}`)].join('\n'));
        return false;
      }
    },
    skip: (title, reason) => row('-', title, colours.dim(reason)),
    detail: (line) => write(`    ${colours.dim(line)}`),
    conclude(next, line) {
      write('');
      const [first = '', second] = failed;
      if (second !== undefined) write(`mend ${first} first: what failed after it may have failed for that`);
      const isOne = failed.length === 1;
      write(
        failed.length === 0
          ? colours.green(`every part did what it is for; next: ${next}`)
          : colours.red(
              `${failed.length} ${isOne ? 'part did not do what it is' : 'parts did not do what they are'} for`,
            ),
      );
      write(`  ${line}`);
    },
  };
}
