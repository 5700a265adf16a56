/** From the first command that is given input to the fault's beginning, ms: by then claims are being judged. */
const BEGINS_AFTER_MS = 2_000;
const LASTS_MS = 5_000;

/** The seconds in which a fault of the environment acts: once in the life of a sandbox. */
export class FaultWindow {
  #isBegun = false;
  #isOpen = false;
  readonly #openings: (() => void)[] = [];
  readonly #closings: (() => void)[] = [];
  readonly #say: (line: string) => void;

  /** @param say - gets a line when the window opens, and one when it closes */
  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Called when it opens. */
  opening(act: () => void): void {
    this.#openings.push(act);
  }

  closing(act: () => void): void {
    this.#closings.push(act);
  }

  /** Has it open some time later; again it does nothing. */
  begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    setTimeout(() => this.#turn(true), BEGINS_AFTER_MS);
    setTimeout(() => this.#turn(false), BEGINS_AFTER_MS + LASTS_MS);
  }

  #turn(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.#say(`fault ${isOpen ? 'begins' : 'ends'}`);
    for (const act of isOpen ? this.#openings : this.#closings) act();
  }
}
