import { StringDecoder } from 'node:string_decoder';

/** Cuts a stream of bytes into lines, without their line ends. */
export class Lines {
  readonly #decoder = new StringDecoder('utf8');
  readonly #line: (text: string) => void;
  #rest = '';

  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  push(chunk: Buffer): void {
    const [first = '', ...others] = this.#decoder.write(chunk).split('\n');
    const last = others.pop();
    if (last === undefined) {
      this.#rest += first;
      return;
    }
    const whole = [this.#rest + first, ...others];
    this.#rest = last;
    for (const text of whole) this.#line(text);
  }

  /** Gives what follows the last line end, if anything does. */
  end(): void {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (rest !== '') this.#line(rest);
  }
}
