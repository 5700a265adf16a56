import { Ajv, type ErrorObject } from 'ajv';
import { ENGINES } from '../../providers/engine.ts';
import type { LiveEntry as ExistingEntry } from '../../providers/index.ts';
import type { ChildEntry, ProcessIdentity, ProcessSpace } from './processes.ts';

/**
 * The version of an entry's format. Raise it with every new field or meaning: a program leaves entries of a higher version
 * than its own alone.
 */
export const VERSION = 1;

/** Everything that one run made or changed outside of its own process. */
export interface RunEntry {
  version: typeof VERSION;
  runId: string;
  owner: ProcessIdentity;
  /** Where the owner's process number means something. */
  space: ProcessSpace;
  /** ISO 8601. */
  begun: string;
  clusters: ClusterEntry[];
  containers: ContainerEntry[];
  children: ChildEntry[];
  live: LiveEntry[];
  /** The user asked to keep the clusters: only `clean --all` removes them. */
  kept: boolean;
}

/** A kind cluster. */
export interface ClusterEntry {
  name: string;
  /** The run's own kubeconfig, removed with the cluster. */
  kubeconfig: string;
  /** Variables that decide which engine the command talks to. */
  env: Record<string, string>;
}

/** A container of Docker's or podman's. */
export interface ContainerEntry {
  /** Its name. */
  id: string;
  engine: string;
  env: Record<string, string>;
}

/** An existing cluster whose settings may have to be restored. */
export interface LiveEntry extends ExistingEntry {
  /** Variables that decide which engine kind asks. */
  env?: Record<string, string>;
  /** It could not be reached when a later run cleaned up: only `clean` tries again. */
  unreachable?: boolean;
}

/** Whether nothing is left that a run had made or changed. */
export function isEmpty(entry: RunEntry): boolean {
  return [entry.children, entry.live, entry.clusters, entry.containers].every((list) => list.length === 0);
}

/** An entry, or the later version of this program that wrote it, or what is wrong with it. */
export type Checked = { entry: RunEntry } | { newer: number } | { wrong: string };

/**
 * No control characters, and none that reorder a line: all of it is printed. Joiners and variation selectors are allowed,
 * because folders may be named with emoji.
 */
const text = {
  type: 'string',
  maxLength: 4096,
  pattern: String.raw`^[^\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]*$`,
};
const word = { ...text, minLength: 1, maxLength: 512 };
const absolutePath = { allOf: [text, { pattern: '^/' }, { not: { pattern: '(^|/)\\.\\.?(/|$)' } }] };
/** It names files, labels and clusters. */
const runId = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' };
/** To `kill`, 0 and -1 mean a group and every process, so a recorded child starts at 2. */
const pid = (minimum: number) => ({ type: 'integer', minimum, maximum: 2_147_483_647 });
const list = (items: object) => ({ type: 'array', items, maxItems: 1000 });
const strict = (properties: Record<string, object>, optional: string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

/** ssh reads a host that begins with a dash as an option. */
const engineAddress = { ...word, pattern: String.raw`^(?!-)(?!ssh://([^/@]*@)?-)[\x21-\x7e]+$` };
const network = { ...word, pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]*$' };
const engineEnv = {
  type: 'object',
  properties: {
    KIND_EXPERIMENTAL_PROVIDER: { enum: ENGINES },
    KIND_EXPERIMENTAL_DOCKER_NETWORK: network,
    KIND_EXPERIMENTAL_PODMAN_NETWORK: network,
    DOCKER_HOST: engineAddress,
    DOCKER_CONTEXT: { ...word, pattern: '^[A-Za-z0-9][A-Za-z0-9_.+-]*$' },
    CONTAINER_HOST: engineAddress,
  },
  additionalProperties: false,
};
/** The variables that decide which engine, and where, a command talks to. */
export const engineVariableNames = Object.keys(engineEnv.properties);
const started = { ...word, maxLength: 64 };
const space = strict({ host: text, machine: text, boot: text, namespace: text });

const schema = strict({
  version: { const: VERSION },
  runId,
  owner: strict({ pid: pid(1), started }),
  space,
  begun: { type: 'string', pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$` },
  clusters: list(
    strict({
      name: { type: 'string', pattern: '^[a-z0-9][a-z0-9.-]{0,99}$' },
      kubeconfig: absolutePath,
      env: engineEnv,
    }),
  ),
  containers: list(
    strict({
      id: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$' },
      engine: { enum: ENGINES },
      env: engineEnv,
    }),
  ),
  children: list(strict({ pid: pid(2), started, what: text })),
  live: list(
    strict(
      {
        kubeconfig: absolutePath,
        context: word,
        runId,
        settings: list(
          strict({
            ref: strict({ apiVersion: word, kind: word, name: word, namespace: word }, ['namespace']),
            path: { ...list(word), minItems: 1 },
          }),
        ),
        env: engineEnv,
        unreachable: { type: 'boolean' },
      },
      ['settings', 'env', 'unreachable'],
    ),
  ),
  kept: { type: 'boolean' },
});

const ajv = new Ajv({ strict: true, strictTypes: false, validateSchema: false, code: { optimize: false } });
const isEntry = ajv.compile<RunEntry>(schema);

/** A process, and where its number means something. */
export interface Holder extends ProcessIdentity {
  space: ProcessSpace;
}

export const isHolder = ajv.compile<Holder>(strict({ pid: pid(1), started, space }));

/** Checks what was read, or is about to be written, as the entry of run `name`. */
export function checkEntry(value: unknown, name: string): Checked {
  const version = versionOf(value);
  if (version > VERSION) return { newer: version };
  if (!isEntry(value)) return { wrong: describe(isEntry.errors?.[0]) };
  if (value.runId !== name) return { wrong: `its runId is ${value.runId}, not ${name} as its name says` };
  const strange = value.containers.find(({ id }) => !id.startsWith(`meshproof-${name}-`));
  if (strange) return { wrong: `container ${strange.id} is not named as run ${name} names its containers` };
  if (value.live.some((live) => live.runId !== name)) return { wrong: 'an item of live is of another run' };
  return { entry: value };
}

function versionOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || !('version' in value)) return VERSION;
  return typeof value.version === 'number' && Number.isInteger(value.version) ? value.version : VERSION;
}

function describe(error: ErrorObject | undefined): string {
  if (error === undefined) return 'it has another form';
  const at = error.instancePath === '' ? 'it' : error.instancePath.slice(1).replaceAll('/', '.');
  const named: unknown = error.params['additionalProperty'];
  return named === undefined
    ? `${at} ${error.message}`
    : `${at} has a field ${JSON.stringify(named)} that no entry has`;
}
