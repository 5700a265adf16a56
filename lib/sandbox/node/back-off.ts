/** How long a crashed container waits for its next start: not at all once, then 10 s, 20 s … up to 5 min. */
export interface BackOffSettings {
  firstMs: number;
  mostMs: number;
  /** A run of this length makes the next crash count as the first again. */
  forgivenAfterMs: number;
}

export const KUBERNETES_BACK_OFF: BackOffSettings = { firstMs: 10_000, mostMs: 300_000, forgivenAfterMs: 600_000 };

/** The waits of one container, each crash making the next longer. */
export class BackOff {
  #crashes = 0;
  readonly #settings: BackOffSettings;

  constructor(settings: BackOffSettings) {
    this.#settings = settings;
  }

  /** Milliseconds to wait after a run that lasted `ranMs`. */
  next(ranMs: number): number {
    if (ranMs >= this.#settings.forgivenAfterMs) this.#crashes = 0;
    const wait = this.#crashes === 0 ? 0 : this.#settings.firstMs * 2 ** (this.#crashes - 1);
    this.#crashes += 1;
    return Math.min(wait, this.#settings.mostMs);
  }
}
