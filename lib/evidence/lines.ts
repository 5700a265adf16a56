import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';

/** Writes some of the bytes and answers how many, as `fs.writeSync` does. */
export type WriteBytes = (descriptor: number, bytes: Buffer) => number;

/** A file to which whole lines are added, and which never holds half a line that is followed by another one. */
export interface LineFile {
  /** Adds text that ends with a line end. @throws Error when not all of it could be written; then none of it is. */
  write(text: string): void;
  /** For reading what was written, also where the file has been deleted meanwhile. */
  readonly descriptor: number;
  /** False where the file was deleted or replaced: then nobody will find what was written. */
  isInPlace(): boolean;
  close(): void;
}

/**
 * Creates `file`.
 * @throws Error when it exists or cannot be created: evidence of two runs is never mixed
 */
export function createLineFile(file: string, writeBytes: WriteBytes = writeSync): LineFile {
  const descriptor = openSync(file, 'ax+');
  let whole = 0;

  return {
    descriptor,
    isInPlace() {
      const there = existsSync(file) ? statSync(file) : undefined;
      const own = fstatSync(descriptor);
      return there?.ino === own.ino && there.dev === own.dev;
    },
    write(text) {
      const bytes = Buffer.from(text, 'utf8');
      try {
        for (let done = 0; done < bytes.length; ) done += writeBytes(descriptor, bytes.subarray(done));
      } catch (error) {
        // A full disk takes the first part of a batch; cut it off, or the next line would be glued to half of this one.
        ftruncateSync(descriptor, whole);
        throw error;
      }
      whole += bytes.length;
    },
    close() {
      try {
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
  };
}
