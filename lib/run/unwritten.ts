import type { EndRecord, Evidence } from '../evidence/index.ts';

type Fault = NonNullable<EndRecord['fault']>;

/** Which file of a run could not be written first: a full disk, a folder that was removed. The run cleans up all the same. */
export class Unwritten {
  #first: string | undefined;
  #evidence: string | undefined;

  /** @param error why not, or the reason in words */
  note(file: string, error: unknown): void {
    this.#first ??= sentence(file, error);
  }

  /** Has the evidence told before all else, where it is damaged. */
  check({ file, damaged }: Pick<Evidence, 'file' | 'damaged'>): void {
    if (damaged !== undefined) this.#evidence ??= sentence(file, damaged);
  }

  /**
   * What this makes of the run's fault. What cannot be written also makes other dependencies fail, so it is told first.
   * @param fault what ended the run besides
   */
  overrides(fault: Fault | undefined): Fault | undefined {
    const what = this.#evidence ?? this.#first;
    if (what === undefined || fault?.unwritten) return fault;
    const besides = fault === undefined ? '' : `\nalso: ${fault.message}`;
    const remedy = 'make room there and leave the folder in place, or name another folder by --out';
    return { whose: 'environment', message: `${what}\n${remedy}${besides}`, unwritten: true };
  }
}

function sentence(file: string, error: unknown): string {
  return `${file} is not whole: ${error instanceof Error ? error.message : error}`;
}
