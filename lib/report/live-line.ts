import { shorten } from './text.ts';

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
