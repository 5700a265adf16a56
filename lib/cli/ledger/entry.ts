import type { ProcessIdentity, ProcessSpace } from './process-identity.ts';

/** What the ledger knows of one run: everything that it made or changed outside of its own process. */
export interface RunEntry {
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
  /** The command that made it: `kind`, or its path. */
  binary: string;
  /** Variables that decide which engine the command talks to. */
  env: Record<string, string>;
}

/** A container of Docker's or podman's. */
export interface ContainerEntry {
  /** Name or id. */
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
}

/** Whether nothing is left that a run had made or changed. */
export function isEmpty(entry: RunEntry): boolean {
  return [entry.children, entry.live, entry.clusters, entry.containers].every((list) => list.length === 0);
}
