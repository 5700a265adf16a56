import type { EvidenceRecord, Listener } from '../evidence/index.ts';
import { conclusionLines } from './conclusion.ts';
import { createProgress } from './progress.ts';
import { fold, printable, shorten } from './text.ts';
import { createPaint } from './verdicts.ts';

export interface ConsoleOptions {
  stream: Screen;
  /** Whether to colour: see `wantsColor`. */
  color: boolean;
  /** Whether the stream is a terminal on which a line can be rewritten. */
  tty: boolean;
  /** Each change and expectation too. */
  verbose: boolean;
  /** The evidence of the run: its records, and its clock. */
  events: { on(listener: Listener): () => void; clock(): number };
}

/** What a person sees of a run while it works. */
export interface Console {
  /** Prints other text above the live line: a command before it runs, its output. */
  say(text: string): void;
  /** Ends the progress and prints the conclusion; `reports` are paths of the run's reports. */
  finish(records: EvidenceRecord[], reports: string[]): void;
  /** Ends the progress and removes the live line, without a conclusion. Safe to call more than once. */
  close(): void;
}

const INTERVALS = {
  /** How often the live line is updated, ms. */
  live: 250,
  /** After how long a log without a live line gets a line on what is going on, ms. */
  heartbeat: 30_000,
};

/**
 * Shows progress and conclusion of a run on a terminal, or as plain lines elsewhere. A terminal's lines are folded at its width,
 * and the rest is indented under its text. Elsewhere each item is one line, however long, so that `grep` finds it whole.
 */
export function openConsole({ stream, color, tty, verbose, events }: ConsoleOptions): Console {
  const paint = createPaint(color);
  const output = tty ? createLiveLine(stream, paint.dim) : createPlainLines(stream);
  const progress = createProgress({ paint, verbose, width: () => (tty ? (stream.columns ?? 80) : undefined) });
  const folded = (lines: string[]) =>
    tty ? lines.flatMap((line) => line.split('\n').flatMap((each) => fold(each, stream.columns ?? 80))) : lines;
  let isOver = false;
  let spoke = events.clock();

  const live = () => {
    const present = progress.present();
    if (present === undefined) return '';
    const elapsed = Math.floor((events.clock() - present.since) / 1000);
    return printable(`  ${`${elapsed} s`.padStart(5)}  ${present.what}  ${present.about}`).replaceAll('\n', ' ');
  };

  const print = (lines: string[]) => {
    if (lines.length === 0) return;
    spoke = events.clock();
    output.print(folded(lines));
  };

  const tick = () => {
    output.show(live());
    const isSilent = !tty && events.clock() - spoke >= INTERVALS.heartbeat;
    if (isSilent && progress.present() !== undefined) print([live()]);
  };

  const timer = setInterval(tick, tty ? INTERVALS.live : 1000).unref();

  const stop = events.on((record) => {
    print(progress.lines(record));
    if (record.kind !== 'observation') output.show(live());
  });

  const close = () => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    stop();
    output.show('');
  };

  // The reader may go away (`| head`); the run goes on, and its evidence with it.
  stream.on('error', close);

  return {
    say: (text) => print(printable(text.trimEnd()).split('\n')),
    finish(records, reports) {
      close();
      output.print(folded(conclusionLines(records, reports, paint)));
    },
    close,
  };
}

/** Whether to colour on a stream: on a terminal, unless NO_COLOR is set (no-color.org) or the terminal is dumb. */
export function wantsColor(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}

/** Where a console writes. */
export type Screen = NodeJS.WritableStream & { columns?: number };

/** Output with a last line that is rewritten in place. */
export interface LiveLine {
  /** Puts lines above the live one, which stays last. */
  print(lines: string[]): void;
  /** Rewrites the live line; the empty text removes it. */
  show(text: string): void;
}

const clear = '\r\x1b[2K';

/** A terminal. The live line is never wider than it, because a line that wraps can no longer be rewritten. */
export function createLiveLine(screen: Screen, style: (text: string) => string): LiveLine {
  let shown = '';

  const drawn = () => (shown === '' ? '' : style(shorten(shown, (screen.columns ?? 80) - 1)));

  return {
    print(lines) {
      if (lines.length === 0) return;
      screen.write(`${shown === '' ? '' : clear}${lines.map((line) => `${line}\n`).join('')}${drawn()}`);
    },
    show(text) {
      if (text === shown) return;
      const before = shown === '' ? '' : clear;
      shown = text;
      screen.write(`${before}${drawn()}`);
    },
  };
}

/** A file or a pipeline's log: lines only. */
export function createPlainLines(screen: Screen): LiveLine {
  return {
    print(lines) {
      if (lines.length > 0) screen.write(lines.map((line) => `${line}\n`).join(''));
    },
    show() {},
  };
}
