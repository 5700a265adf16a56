import type { SettingRef } from '../../providers/index.ts';
import type { ProcessIdentity, ProcessSpace } from './process-identity.ts';

/**
 * The form of an entry. Who adds a field, or gives one another meaning, raises it: a program leaves entries of a higher
 * version than its own alone, since it cannot know what they ask for.
 */
export const VERSION = 1;

/** What the registry knows of one run: everything that it made or changed outside of its own process. */
export interface RunEntry {
  /** Absent in entries of meshproof 0.1. */
  version?: typeof VERSION;
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

export interface ChildEntry extends ProcessIdentity {
  what: string;
}

/** A cluster that was there before the run, and whose settings may have to be put back. */
export interface LiveEntry {
  /** The run's own copy; removed when the settings are back. */
  kubeconfig: string;
  context: string;
  runId: string;
  /** The fields that the run may have changed: of all that a record on the cluster names, only these are put back. */
  settings?: SettingRef[];
  /** Variables that decide which engine kind asks. */
  env?: Record<string, string>;
  /** It could not be reached when a later run cleaned up: only `clean` tries again. */
  unreachable?: boolean;
}

/** Whether nothing is left that a run had made or changed. */
export function isEmpty(entry: RunEntry): boolean {
  return [entry.children, entry.live, entry.clusters, entry.containers].every((list) => list.length === 0);
}
