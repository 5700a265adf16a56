import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { withoutKnownSecrets } from '../words/index.ts';
import { readForReports } from './read.ts';
import type { EvidenceEntry, EvidenceRecord } from './records.ts';

export type Listener = (record: EvidenceRecord) => void;

/** The evidence of the run that is under way. */
export type Evidence = Omit<OwnEvidence, 'read'>;

/** Evidence for its owner, who can read it again. */
export interface OwnEvidence {
  readonly file: string;
  /** Why the file is not all that was appended; undefined while it is. */
  readonly damaged: string | undefined;
  /** Milliseconds since the run's start, monotonic. */
  clock(): number;
  /**
   * Numbers a record, gives it its time and adds it. Never throws: what cannot be written sets `damaged`, and the missing
   * number shows in the file.
   */
  append(entry: EvidenceEntry): EvidenceRecord;
  /** Calls `listener` with each record from now on, at once and in order. @returns how to stop that */
  on(listener: Listener): () => void;
  /** Writes what is still in memory. */
  flush(): void;
  /**
   * The file's records for reports: see `readForReports`. Works until `close`, even if the file was deleted, which counts as
   * damage.
   */
  read(onProblem?: (problem: string) => void): EvidenceRecord[];
  /** Ends the file; one that was deleted or replaced meanwhile counts as damaged. */
  close(): void;
}

const buffer = {
  /** Longest time that an observation stays in memory, ms: what a `kill -9` can lose. */
  delay: 100,
  /** Characters. */
  size: 64 * 1024,
};

/**
 * Starts the evidence of a run, and its clock. Evidence of two runs is never mixed.
 *
 * Observations come by the hundred and are written in batches; every other record is on the disk when `append` returns.
 * @param writeBytes for tests of a full disk: writes some of the bytes and returns how many
 * @throws Error when the file exists or cannot be created
 */
export function openEvidence(
  file: string,
  writeBytes: (descriptor: number, bytes: Buffer) => number = writeSync,
): OwnEvidence {
  const started = performance.now();
  const descriptor = openSync(file, 'ax+');
  const listeners = new Set<Listener>();
  /** Bytes of whole lines in the file. */
  let whole = 0;
  let seq = 0;
  let buffered = '';
  let timer: NodeJS.Timeout | undefined;
  let damaged: string | undefined;
  let closed = false;

  /** Does some work with the file; an error damages it. */
  const guard = (work: () => void) => {
    try {
      work();
    } catch (error) {
      damaged ??= error instanceof Error ? error.message : String(error);
    }
  };

  const clock = () => Math.round((performance.now() - started) * 100) / 100;

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (buffered === '' || closed) return;
    const bytes = Buffer.from(buffered, 'utf8');
    buffered = '';
    guard(() => {
      try {
        for (let done = 0; done < bytes.length; ) done += writeBytes(descriptor, bytes.subarray(done));
      } catch (error) {
        // A full disk takes the first part only. Cut it off: the next line must not follow half of this one.
        ftruncateSync(descriptor, whole);
        throw error;
      }
      whole += bytes.length;
    });
  };

  const write = (record: EvidenceRecord) => {
    if (closed) throw new Error(`a record of kind ${record.kind} came after the evidence was closed`);
    buffered += `${JSON.stringify(record)}\n`;
    if (record.kind !== 'observation' || buffered.length > buffer.size) flush();
    else timer ??= setTimeout(flush, buffer.delay).unref();
  };

  const notify = (record: EvidenceRecord) => {
    for (const listener of listeners) {
      try {
        listener(record);
      } catch (error) {
        // A broken display must not fail a claim.
        listeners.delete(listener);
        process.emitWarning(`a listener of the evidence failed and was dropped: ${String(error)}`);
      }
    }
  };

  const checkPlace = () => {
    const there = existsSync(file) ? statSync(file) : undefined;
    const own = fstatSync(descriptor);
    if (there?.ino === own.ino && there.dev === own.dev) return;
    throw new Error('it was deleted or replaced while the run was under way');
  };

  process.once('exit', flush);

  return {
    file,
    get damaged() {
      return damaged;
    },
    clock,
    append(entry) {
      seq += 1;
      let record: EvidenceRecord = { seq, at: clock(), ...entry };
      guard(() => {
        record = withoutSecrets(record);
        write(record);
      });
      notify(record);
      return record;
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    flush,
    read(onProblem) {
      flush();
      guard(checkPlace);
      return readForReports(descriptor, onProblem);
    },
    close() {
      if (closed) return;
      flush();
      closed = true;
      process.off('exit', flush);
      guard(checkPlace);
      guard(() => fsyncSync(descriptor));
      guard(() => closeSync(descriptor));
    },
  };
}

/** Fields with text from commands, the cluster and the user. All others have the harness's own text. */
const FOREIGN_TEXT = new Set('argv cause command doubt error message reason stderr stdout steps value why'.split(' '));

/** The same record without the secrets that this process knows, such as those of `--set-secret`. */
function withoutSecrets(record: EvidenceRecord): EvidenceRecord {
  // Its text first: nearly all records have no secret, and a value that is no JSON is refused.
  const text = JSON.stringify(record);
  return withoutKnownSecrets(text) === text ? record : (clean(JSON.parse(text), false) as EvidenceRecord);
}

function clean(node: unknown, isForeign: boolean): unknown {
  if (typeof node === 'string') return isForeign ? withoutKnownSecrets(node) : node;
  if (Array.isArray(node)) return node.map((item) => clean(item, isForeign));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, clean(value, isForeign || FOREIGN_TEXT.has(key))]),
  );
}
