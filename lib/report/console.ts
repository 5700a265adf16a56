import picocolors from 'picocolors';
import type { EvidenceRecord, Listener } from '../evidence/index.ts';
import { conclusionLines } from './conclusion.ts';
import { Progress } from './progress.ts';
import { fold, printable, shorten } from './text.ts';

export interface ConsoleOptions {
  stream: NodeJS.WritableStream & { columns?: number };
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

/** How often the live line is updated, and silence is looked for where there is none, ms. */
const tickMs = { terminal: 250, log: 1000 };
/** After how long a log without a live line gets a line on what is going on, ms. */
const heartbeatMs = 30_000;
/** Removes what a terminal's present line shows. */
const erase = '\r\x1b[2K';

/**
 * Shows progress and conclusion of a run on a terminal, or as plain lines elsewhere. A terminal has a last line that is rewritten
 * in place; all other lines are folded at its width, and the rest is indented under its text. Elsewhere each item is one line,
 * however long, so that `grep` finds it whole.
 */
export function openConsole({ stream, color, tty, verbose, events }: ConsoleOptions): Console {
  const paint = picocolors.createColors(color);
  const columns = () => stream.columns ?? 80;
  const progress = new Progress({ paint, verbose, width: () => (tty ? columns() : Number.POSITIVE_INFINITY) });
  let live = '';
  let isOver = false;
  let spoke = events.clock();

  const erased = () => (live === '' ? '' : erase);
  // A line that wraps could not be rewritten.
  const drawn = () => (live === '' ? '' : paint.dim(shorten(live, columns() - 1)));

  const show = (text: string) => {
    if (!tty || text === live) return;
    const before = erased();
    live = text;
    stream.write(before + drawn());
  };

  const print = (lines: string[]) => {
    if (lines.length === 0) return;
    spoke = events.clock();
    const folded = tty ? lines.flatMap((line) => line.split('\n').flatMap((each) => fold(each, columns()))) : lines;
    stream.write(`${erased()}${folded.map((line) => `${line}\n`).join('')}${drawn()}`);
  };

  const present = () => {
    const now = progress.present();
    if (now === undefined) return '';
    const elapsed = `${Math.floor((events.clock() - now.since) / 1000)} s`;
    return printable(`  ${elapsed.padStart(5)}  ${now.what}  ${now.about}`).replaceAll('\n', ' ');
  };

  const tick = () => {
    show(present());
    const isSilent = !tty && events.clock() - spoke >= heartbeatMs;
    if (isSilent && present() !== '') print([present()]);
  };

  const timer = setInterval(tick, tty ? tickMs.terminal : tickMs.log).unref();

  const stop = events.on((record) => {
    print(progress.lines(record));
    if (record.kind !== 'observation') show(present());
  });

  const close = () => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    stop();
    show('');
  };

  // The reader may go away (`| head`); the run goes on, and its evidence with it.
  stream.on('error', close);

  return {
    say: (text) => print(printable(text.trimEnd()).split('\n')),
    finish(records, reports) {
      close();
      print(conclusionLines(records, reports, paint));
    },
    close,
  };
}
