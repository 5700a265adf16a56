import { isDeepStrictEqual } from 'node:util';
import { Ajv } from 'ajv';
import { MANAGED_BY, OWNER, RUN_LABEL } from '../fixtures/index.ts';
import type { Cluster, Manifest, ObjectRef } from '../kube/cluster.ts';
import { nameOf, restore, type SettingRecord, type SettingRef, valueAt, words } from './settings.ts';
import { SYSTEM_NAMESPACE } from './system-namespace.ts';

const FIELD = 'settings.json';

/** Marks what was found in a record's place. */
const SET_ASIDE = 'meshproof.dev/set-aside';

/** What a run has written down on the cluster about itself, so that anybody can undo it. */
export interface RunRecordRef {
  runId: string;
  ref: Required<ObjectRef>;
}

export function runRecord(runId: string): RunRecordRef {
  return { runId, ref: { apiVersion: 'v1', kind: 'ConfigMap', namespace: SYSTEM_NAMESPACE, name: `run-${runId}` } };
}

/** Of all runs, living and dead. What is not named as a run names its record was not written by one, and is no record. */
export async function runRecords(cluster: Cluster): Promise<RunRecordRef[]> {
  const labelSelector = `${MANAGED_BY}=${OWNER},${RUN_LABEL}`;
  const found = await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace: SYSTEM_NAMESPACE, labelSelector });
  return found.flatMap(({ metadata }) => {
    const record = runRecord(metadata.labels?.[RUN_LABEL] ?? '');
    return metadata.name === record.ref.name ? [record] : [];
  });
}

export async function writeRecord(cluster: Cluster, record: RunRecordRef, settings: SettingRecord[]): Promise<void> {
  const { apiVersion, kind, namespace, name } = record.ref;
  const labels = { [MANAGED_BY]: OWNER, [RUN_LABEL]: record.runId };
  const data = { [FIELD]: JSON.stringify(settings, null, 2) };
  await cluster.apply({ apiVersion, kind, metadata: { namespace, name, labels }, data });
}

/** What came of putting settings back. */
export interface Restored {
  /** A sentence for each setting that was touched, or had to be left. */
  sentences: string[];
  /** Nothing has to be put back any more. */
  isWhole: boolean;
}

/**
 * Puts back what a run has changed, unless somebody else changed it since. Anybody with write access to ConfigMaps there
 * can have written the record, and may have fewer rights than this user. So only the fields in `known` are touched. A
 * malformed record is set aside: it loses the label by which it is found.
 * @param known the fields that the run's driver can have changed
 * @throws ClusterError
 */
export async function restoreRecorded(
  cluster: Cluster,
  record: RunRecordRef,
  known: readonly SettingRef[],
): Promise<Restored> {
  const found = await cluster.get(record.ref);
  if (!found) return { sentences: [], isWhole: true };
  const settings = settingsOf(found);
  if (typeof settings === 'string') {
    await cluster.patch(record.ref, { metadata: { labels: { [RUN_LABEL]: null, [SET_ASIDE]: record.runId } } });
    const where = `ConfigMap ${SYSTEM_NAMESPACE}/${record.ref.name}`;
    const sentence = `${where} is no record of settings: ${settings}; nothing is put back by it, and it is set aside: delete it by hand`;
    return { sentences: [sentence], isWhole: true };
  }
  const restored: Restored = { sentences: [], isWhole: true };
  for (const setting of settings) {
    if (setting.set.length === 0) continue;
    const isMeshSetting = isKnown(setting, known);
    restored.isWhole &&= isMeshSetting;
    const sentence = isMeshSetting ? await restore(cluster, setting) : foreign(setting);
    if (sentence !== undefined) restored.sentences.push(sentence);
  }
  return restored;
}

function isKnown({ ref, path }: SettingRef, known: readonly SettingRef[]): boolean {
  return known.some((each) => isDeepStrictEqual([each.ref, each.path], [ref, path]));
}

/** A record of another driver, or one that somebody wrote for a setting that no mesh has. */
function foreign(setting: SettingRecord): string {
  const was = `the record says that it was ${words(setting.before)}`;
  return `${nameOf(setting)} is left alone: it is not known to be a setting of the mesh that the run tested; ${was}`;
}

const text = (maxLength: number) => ({ type: 'string', maxLength });
const strict = (properties: Record<string, object>, optional: string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});
const name = { ...text(253), minLength: 1, pattern: '^[A-Za-z0-9]([A-Za-z0-9._:/-]*[A-Za-z0-9])?$' };

const validate = new Ajv({
  strict: true,
  strictTypes: false,
  validateSchema: false,
  code: { optimize: false },
}).compile<SettingRecord[]>({
  type: 'array',
  maxItems: 100,
  items: strict({
    ref: strict({ apiVersion: name, kind: name, namespace: name, name }, ['namespace']),
    path: { type: 'array', minItems: 1, maxItems: 30, items: text(253) },
    before: { anyOf: [{ enum: ['absent', 'no object'] }, strict({ value: {} })] },
    set: { type: 'array', maxItems: 2, items: {} },
  }),
});

/** The settings, or what is wrong with the record. */
function settingsOf(record: Manifest): SettingRecord[] | string {
  const { [FIELD]: json } = (record['data'] ?? {}) as Record<string, string>;
  if (json === undefined) return `it has no ${FIELD}`;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return `its ${FIELD} is no JSON, or not all of it`;
  }
  if (validate(value)) return value;
  const [error] = validate.errors ?? [];
  return `its ${FIELD} is of another form: ${error?.instancePath.slice(1) || 'it'} ${error?.message}`;
}

/** The settings that a run changes, written down on the cluster before each change. */
export class SettingsRegistry {
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
      const before = object ? valueAt(object, path) : 'no object';
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

  /**
   * Puts back what this run has changed, unless somebody else changed it since. It uses its own memory, which nobody else
   * can write to.
   * @returns a sentence for each setting that was touched
   * @throws ClusterError
   */
  restoreAll(): Promise<string[]> {
    return this.#inTurn(async () => {
      const sentences: string[] = [];
      const errors: unknown[] = [];
      for (const setting of this.#settings) {
        try {
          const sentence = setting.set.length === 0 ? undefined : await restore(this.#cluster, setting);
          if (sentence !== undefined) sentences.push(sentence);
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw errors[0];
      return sentences;
    });
  }

  #find(ref: ObjectRef, path: string[]): SettingRecord | undefined {
    return this.#settings.find((setting) => isDeepStrictEqual([setting.ref, setting.path], [ref, path]));
  }

  /** Two writers at once would each lose the other's entry. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}
