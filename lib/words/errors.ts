/** Whose fault an error is. It decides the exit status: see lib/console/exit-status.ts. */
export type Whose = 'user' | 'mesh' | 'environment' | 'harness';

/**
 * An error that the program expects. Its message is for people: what went wrong and where. `remedy` says what to do, a
 * line each. Every other error is a defect of the harness. A subclass exists only if code must distinguish it.
 */
export class MeshproofError extends Error {
  override name = 'MeshproofError';
  readonly whose: Whose;
  readonly remedy?: string;
  constructor(whose: Whose, message: string, remedy?: string) {
    super(message);
    this.whose = whose;
    if (remedy !== undefined) this.remedy = remedy;
  }
}

/** Wrong use: exit status 2, before anything is created. */
export class UsageError extends MeshproofError {
  override name = 'UsageError';
  constructor(message: string, remedy?: string) {
    super('user', message, remedy);
  }
}

/** This machine or cluster lacks something: exit status 3. */
export class EnvironmentError extends MeshproofError {
  override name = 'EnvironmentError';
  constructor(message: string, remedy?: string) {
    super('environment', message, remedy);
  }
}

/** An error that the program expects, known by its shape: an error of another realm has other classes. */
export function expectedError(error: unknown): MeshproofError | undefined {
  const isExpected = typeof error === 'object' && error !== null && 'whose' in error && 'message' in error;
  return isExpected ? (error as MeshproofError) : undefined;
}
