import { loadavg } from 'node:os';

/** Prints rows under a heading, in columns; the first column to the left, numbers to the right. */
export function printTable(heading: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const texts = [heading, ...rows].map((row) => row.map(String));
  const widths = heading.map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)));
  const numeric = heading.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  for (const row of texts) {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return numeric[column] === true ? cell.padStart(width) : cell.padEnd(width);
    });
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
}

/** Seconds with one decimal, from ms. */
export function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

/** The machine's load of the last minute: other work makes times longer. */
export function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 10) / 10;
}

export function say(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)}  ${line}\n`);
}
