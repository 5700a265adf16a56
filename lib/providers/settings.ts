import { isDeepStrictEqual } from 'node:util';
import { Ajv } from 'ajv';
import { MANAGED_BY, OWNER, RUN_LABEL } from '../fixtures/index.ts';
import { type Cluster, ClusterError, type Manifest, type ObjectRef } from '../kube/cluster.ts';
import { pollUntil } from '../polling/poll-until.ts';
import { SYSTEM_NAMESPACE, unlessConflict } from './lease.ts';

/** A field's value, or that the field or even its object does not exist. */
type FieldValue = { value: unknown } | 'absent' | 'no object';

/** One field of one object. */
export interface SettingRef {
  ref: ObjectRef;
  path: string[];
}

/** One field of one object that a run changes. */
export interface SettingRecord extends SettingRef {
  /** Before the first change. */
  before: FieldValue;
  /**
   * The last two values that the run meant to set: the field has one of them, unless somebody else changed it. `null` if
   * the run removed the field, as in a merge patch.
   */
  set: unknown[];
}

const RESTORE_ATTEMPTS = 5;

/**
 * Restores a field with a merge patch, if it still has a value that the run gave it.
 * @returns a sentence on what was done, if there was anything to do
 * @throws ClusterError
 */
async function restore(cluster: Cluster, record: SettingRecord): Promise<string[]> {
  const attempt = () => restoreOnce(cluster, record);
  const done = await pollUntil(attempt, { everyMs: 0, attempts: RESTORE_ATTEMPTS });
  if (done !== undefined) return done;
  throw new ClusterError('conflict', `${nameOf(record)} cannot be restored: the object changes all the time`);
}

/** @returns undefined if somebody else changed the object meanwhile */
async function restoreOnce(cluster: Cluster, record: SettingRecord): Promise<string[] | undefined> {
  const { ref, path, before } = record;
  const object = await cluster.get(ref);
  const name = nameOf(record);
  if (!object) return before === 'no object' ? [] : [`${name} cannot be restored: the object is gone`];
  const now = valueAt(object, path);
  if (isDeepStrictEqual(now, before)) return [];
  const set = typeof now === 'string' ? null : now.value;
  if (!record.set.some((value) => isDeepStrictEqual(value, set))) {
    const was = `it was ${words(before)} before the run`;
    return [`${name} is left at ${words(now)}, which the run did not set; ${was}`];
  }
  if (before === 'no object') {
    await cluster.delete(ref);
    return [`${name}: the object is deleted, since there was none before the run`];
  }
  const field = before === 'absent' ? null : before.value;
  const change = path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), field) as { metadata?: object };
  // Bound to the version that was read.
  const metadata = { ...change.metadata, resourceVersion: object.metadata.resourceVersion };
  const isPatched = await unlessConflict(cluster.patch(ref, { ...change, metadata }));
  return isPatched ? [`${name} is restored to ${words(before)}`] : undefined;
}

function valueAt(object: Manifest, path: string[]): FieldValue {
  let value: unknown = object;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return 'absent';
    value = (value as Record<string, unknown>)[name];
  }
  return { value };
}

/** For people: the object and the field. */
function nameOf({ ref, path }: SettingRef): string {
  return `${ref.kind} ${ref.namespace ? `${ref.namespace}/` : ''}${ref.name} ${path.join('.')}`;
}

/** A field's value for people. */
function words(field: FieldValue): string {
  return typeof field === 'string' ? field : JSON.stringify(field.value);
}

const FIELD = 'settings.json';

/** The label of a malformed record. */
const SET_ASIDE = 'meshproof.dev/set-aside';

/** The ConfigMap in which a run writes down the settings that it changes, so that anybody can restore them. */
export function recordOf(runId: string): Required<ObjectRef> {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace: SYSTEM_NAMESPACE, name: `run-${runId}` };
}

/** The runs, living and crashed, that have a record. A ConfigMap whose name does not fit its label is no record. */
export async function recordedRuns(cluster: Cluster): Promise<string[]> {
  const labelSelector = `${MANAGED_BY}=${OWNER},${RUN_LABEL}`;
  const found = await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace: SYSTEM_NAMESPACE, labelSelector });
  return found.flatMap(({ metadata }) => {
    const runId = metadata.labels?.[RUN_LABEL] ?? '';
    return metadata.name === recordOf(runId).name ? [runId] : [];
  });
}

export async function writeRecord(cluster: Cluster, runId: string, settings: SettingRecord[]): Promise<void> {
  const { apiVersion, kind, namespace, name } = recordOf(runId);
  const labels = { [MANAGED_BY]: OWNER, [RUN_LABEL]: runId };
  const data = { [FIELD]: JSON.stringify(settings, null, 2) };
  await cluster.apply({ apiVersion, kind, metadata: { namespace, name, labels }, data });
}

/** What was done after a crashed run. */
export interface CleanedUp {
  /** A sentence for each thing that was done or had to be left. */
  done: string[];
  /** Nothing of the run is left. */
  isWhole: boolean;
}

/**
 * Restores what a crashed run has changed, unless somebody else has changed it since. Anybody who may write ConfigMaps
 * there can have written the record, and may have fewer rights than this user: so only the fields in `known` are changed.
 * A malformed record is set aside: it loses the label by which it is found.
 * @param known the fields that the run's driver can have changed
 * @throws ClusterError
 */
export async function restoreRecorded(
  cluster: Cluster,
  runId: string,
  known: readonly SettingRef[],
): Promise<CleanedUp> {
  const record = recordOf(runId);
  const found = await cluster.get(record);
  const settings = found ? settingsOf(found) : [];
  if (typeof settings === 'string') {
    await cluster.patch(record, { metadata: { labels: { [RUN_LABEL]: null, [SET_ASIDE]: runId } } });
    const name = `ConfigMap ${SYSTEM_NAMESPACE}/${record.name}`;
    const sentence = `${name} is no record of settings: ${settings}; nothing is restored from it, and it is set aside: delete it by hand`;
    return { done: [sentence], isWhole: true };
  }
  const restored: CleanedUp = { done: [], isWhole: true };
  for (const setting of settings) {
    const { ref, path, before } = setting;
    if (known.some((each) => isDeepStrictEqual([each.ref, each.path], [ref, path]))) {
      restored.done.push(...(await restore(cluster, setting)));
      continue;
    }
    // A record of another driver, or one that somebody wrote for a setting of no mesh.
    restored.isWhole = false;
    restored.done.push(
      `${nameOf(setting)} is left alone: it is not known to be a setting of the mesh that the run tested; ` +
        `the record says that it was ${words(before)}`,
    );
  }
  return restored;
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
    set: { type: 'array', minItems: 1, maxItems: 2, items: {} },
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

/** Records the settings that a run changes on the cluster before each change, and restores them at its end. */
export class SettingsRegistry {
  readonly #cluster: Cluster;
  readonly #runId: string;
  readonly #settings: SettingRecord[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(cluster: Cluster, runId: string) {
    this.#cluster = cluster;
    this.#runId = runId;
  }

  /**
   * Records the value that a field has, once, and the one that it is about to get. Call it before the change: if the run
   * crashes in between, the record must still show that the run set the value.
   */
  noteChange(ref: ObjectRef, path: string[], value: unknown): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.#settings.find((each) => isDeepStrictEqual([each.ref, each.path], [ref, path]));
      const setting = known ?? { ref, path, before: await this.#valueOf(ref, path), set: [] };
      if (isDeepStrictEqual(setting.set.at(-1), value)) return;
      if (known === undefined) this.#settings.push(setting);
      setting.set = [...setting.set.slice(-1), value];
      await writeRecord(this.#cluster, this.#runId, this.#settings);
    });
  }

  async #valueOf(ref: ObjectRef, path: string[]): Promise<FieldValue> {
    const object = await this.#cluster.get(ref);
    return object ? valueAt(object, path) : 'no object';
  }

  /**
   * Restores what this run has changed, unless somebody else has changed it since. Uses the memory of this process, which
   * nobody else can write to.
   * @returns a sentence for each setting that was touched
   * @throws ClusterError once all were tried
   */
  restoreAll(): Promise<string[]> {
    return this.#inTurn(async () => {
      const done: string[] = [];
      const failures: unknown[] = [];
      // One after the other: several settings can be fields of one object.
      for (const setting of this.#settings) {
        await restore(this.#cluster, setting).then(
          (sentences) => done.push(...sentences),
          (error) => failures.push(error),
        );
      }
      if (failures.length > 0) throw failures[0];
      return done;
    });
  }

  /** Two writers at the same time would each lose the other's entry. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
