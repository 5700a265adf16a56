import { StringDecoder } from 'node:string_decoder';

/** Cuts a stream of bytes into whole lines. What follows the last line end is kept back, and never told if nothing follows. */
export class Lines {
  readonly #decoder = new StringDecoder('utf8');
  readonly #line: (text: string) => void;
  #rest = '';

  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  push(chunk: Buffer): void {
    const pieces = this.#decoder.write(chunk).split('\n');
    const last = pieces.pop() ?? '';
    const [first, ...others] = pieces;
    if (first === undefined) {
      this.#rest += last;
      return;
    }
    const whole = [this.#rest + first, ...others];
    this.#rest = last;
    for (const text of whole) this.#line(text);
  }
}
