import type { ProviderName } from '../kube/cluster.ts';

/** Everything `meshproof run` can be told, checked, with defaults filled in. */
export interface RunOptions {
  suites: string[];
  claims: string[];
  mesh?: string;
  /** `KEY=VALUE` for the installer, those of `--set-secret` included; a later one wins. */
  sets: string[];
  /** Those of `sets` whose values are never written anywhere. */
  secretSets: string[];
  provider: 'auto' | ProviderName;
  kubeconfig?: string;
  context?: string;
  allowMeshWideChanges: boolean;
  clusterName?: string;
  nodeImage?: string;
  kindConfig?: string;
  /** What the sandbox does wrong on purpose. */
  sandboxFault?: string;
  sandboxDomain?: string;
  images: Partial<Record<ImageRole, string>>;
  registry?: string;
  pullSecret?: string;
  loadImages: string[];
  egressTarget?: string;
  keep: boolean;
  reuse: boolean;
  install: boolean;
  failFast: boolean;
  retries: number;
  repeat: number;
  rerunFailed: boolean;
  seed?: string;
  extended: boolean;
  timeoutScale: number;
  /** Longest the whole run may take, ms. */
  deadlineMs?: number;
  out: string;
  list: boolean;
  dryRun: boolean;
  json: boolean;
  verbose: boolean;
  /** Which of the values were named by somebody, and where: `auto` may fall back only if mesh and provider were not. */
  named: Record<string, 'command line' | 'environment' | 'file'>;
}

export type ImageRole = 'curl' | 'httpbin' | 'tcp-echo';

/** Wrong use: exit status 2, before anything is created. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** Something this machine or cluster lacks: exit status 3. */
export class EnvironmentError extends Error {
  override name = 'EnvironmentError';
  readonly remedy?: string;
  constructor(message: string, remedy?: string) {
    super(message);
    if (remedy !== undefined) this.remedy = remedy;
  }
}
