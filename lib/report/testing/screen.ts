import { Writable } from 'node:stream';

/** A stream that keeps what is written, and can be read as the terminal would show it. */
export interface FakeScreen extends Writable {
  columns: number;
  raw(): string;
  /** The lines of a terminal that knows carriage return and erase-line; colours removed. */
  shown(): string[];
}

export function fakeScreen(columns: number): FakeScreen {
  let raw = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      raw += String(chunk);
      done();
    },
  });
  return Object.assign(stream, { columns, raw: () => raw, shown: () => rendered(raw) });
}

function rendered(raw: string): string[] {
  const esc = String.fromCharCode(27);
  return raw
    .replaceAll(new RegExp(`${esc}\\[[0-9;]*m`, 'g'), '')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf(`${esc}[2K`) + 1).replace('[2K', ''));
}
