/** Collects small pieces of text, and writes them together a little later. */
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

  /** Writes at once what it has. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#write(text);
  }
}
