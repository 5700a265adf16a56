import { isDeepStrictEqual } from 'node:util';
import type { Cluster, Manifest, ObjectRef } from '../cluster.ts';
import { MANAGED_BY, OWNER, RUN_LABEL } from '../fixtures/index.ts';
import { restore, type SettingRecord, valueAt } from './settings.ts';
import { SYSTEM_NAMESPACE } from './system-namespace.ts';

const FIELD = 'settings.json';

/** What a run has written down on the cluster about itself, so that anybody can undo it. */
export interface RunRecordRef {
  runId: string;
  ref: Required<ObjectRef>;
}

export function runRecord(runId: string): RunRecordRef {
  return { runId, ref: { apiVersion: 'v1', kind: 'ConfigMap', namespace: SYSTEM_NAMESPACE, name: `run-${runId}` } };
}

/** Of all runs, living and dead. */
export async function runRecords(cluster: Cluster): Promise<RunRecordRef[]> {
  const labelSelector = `${MANAGED_BY}=${OWNER},${RUN_LABEL}`;
  const found = await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace: SYSTEM_NAMESPACE, labelSelector });
  return found.map(({ metadata }) => runRecord(metadata.labels?.[RUN_LABEL] ?? ''));
}

export async function writeRecord(cluster: Cluster, record: RunRecordRef, settings: SettingRecord[]): Promise<void> {
  const { apiVersion, kind, namespace, name } = record.ref;
  const labels = { [MANAGED_BY]: OWNER, [RUN_LABEL]: record.runId };
  const data = { [FIELD]: JSON.stringify(settings, null, 2) };
  await cluster.apply({ apiVersion, kind, metadata: { namespace, name, labels }, data });
}

/**
 * Puts back what a run has changed, as far as nobody else changed it since.
 * @returns a sentence for each setting that was touched
 * @throws ClusterError
 */
export async function restoreRecorded(cluster: Cluster, record: RunRecordRef): Promise<string[]> {
  const found = await cluster.get(record.ref);
  const settings = found ? settingsOf(found) : [];
  const sentences: string[] = [];
  for (const setting of settings) {
    const sentence = setting.set.length === 0 ? undefined : await restore(cluster, setting);
    if (sentence !== undefined) sentences.push(sentence);
  }
  return sentences;
}

function settingsOf(record: Manifest): SettingRecord[] {
  const data = (record['data'] ?? {}) as Record<string, string>;
  return JSON.parse(data[FIELD] ?? '[]') as SettingRecord[];
}

/** The settings that a run changes, written down on the cluster before each change. */
export class SettingsLedger {
  readonly #cluster: Cluster;
  readonly #record: RunRecordRef;
  readonly #settings: SettingRecord[] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(cluster: Cluster, record: RunRecordRef) {
    this.#cluster = cluster;
    this.#record = record;
  }

  /** Writes down a field's value, or that there is none; to be called before the run first changes it. */
  recordSetting(ref: ObjectRef, path: string[]): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#find(ref, path)) return;
      const object = await this.#cluster.get(ref);
      const before = object ? valueAt(object, path) : 'absent';
      this.#settings.push({ ref, path, before, set: [] });
      await writeRecord(this.#cluster, this.#record, this.#settings);
    });
  }

  /**
   * Writes down the value that a field is about to be given. Before the change and not after it: a run that is killed
   * in between must still be known to be the one who set it.
   */
  async noteChange(ref: ObjectRef, path: string[], value: unknown): Promise<void> {
    await this.recordSetting(ref, path);
    return this.#inTurn(async () => {
      const setting = this.#find(ref, path);
      if (!setting || isDeepStrictEqual(setting.set.at(-1), value)) return;
      setting.set = [...setting.set.slice(-1), value];
      await writeRecord(this.#cluster, this.#record, this.#settings);
    });
  }

  /** See `restoreRecorded`. */
  restoreAll(): Promise<string[]> {
    return restoreRecorded(this.#cluster, this.#record);
  }

  #find(ref: ObjectRef, path: string[]): SettingRecord | undefined {
    return this.#settings.find((setting) => isDeepStrictEqual([setting.ref, setting.path], [ref, path]));
  }

  /** Two writers at once would each lose the other's entry. */
  #inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(write);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
