/** Tells `broken` of a stream, each state once. */
export class Health {
  readonly #tell: (isBroken: boolean, reason: string) => void;
  #broken = false;

  constructor(tell: ((isBroken: boolean, reason: string) => void) | undefined) {
    this.#tell = tell ?? (() => undefined);
  }

  broke(reason: string): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#tell(true, reason);
  }

  whole(reason: string): void {
    if (!this.#broken) return;
    this.#broken = false;
    this.#tell(false, reason);
  }
}
