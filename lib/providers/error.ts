/** Something that this machine or cluster lacks; `remedy` says what to do about it. */
export class ProviderError extends Error {
  override name = 'ProviderError';
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
