/** Text that comes in many small pieces, passed on a little later in few. */
export class BufferedWriter {
  #text = '';
  #timer: NodeJS.Timeout | undefined;
  readonly #write: (text: string) => void;
  readonly #withinMs: number;

  constructor(write: (text: string) => void, withinMs: number) {
    this.#write = write;
    this.#withinMs = withinMs;
  }

  add(piece: string): void {
    this.#text += piece;
    this.#timer ??= setTimeout(() => this.flush(), this.#withinMs);
  }

  /** Passes on at once what there is. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#write(text);
  }
}
