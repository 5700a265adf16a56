import { type RunOptions, UsageError } from './options.ts';

/** Options that mean something for some providers only, and for which. */
const providersOf: Record<string, readonly RunOptions['provider'][]> = {
  kubeconfig: ['existing'],
  context: ['existing'],
  'allow-mesh-wide-changes': ['existing'],
  'cluster-name': ['kind', 'auto'],
  'node-image': ['kind', 'auto'],
  'kind-config': ['kind', 'auto'],
  'load-image': ['kind', 'auto'],
  keep: ['kind', 'auto'],
  reuse: ['kind', 'auto'],
  'sandbox-fault': ['sandbox'],
  'sandbox-domain': ['sandbox'],
};

/** Options that are only of use with kind; naming one of them names the provider. */
export const kindOnly: readonly string[] = Object.keys(providersOf).filter((name) =>
  providersOf[name]?.includes('kind'),
);

const strength = { file: 1, environment: 2, 'command line': 3 };

/**
 * Refuses options that cannot both be meant. What a weaker source says about another provider than the one that a
 * stronger source chose is not refused: a file for the cluster at work must not forbid `--provider sandbox`.
 *
 * @throws UsageError naming the options.
 */
export function refuseContradictions(options: RunOptions): void {
  const chosenBy = options.named['provider'];
  for (const [name, providers] of Object.entries(providersOf)) {
    const source = options.named[name];
    if (source === undefined || providers.includes(options.provider)) continue;
    if (isOff(options, name)) continue;
    if (chosenBy !== undefined && strength[source] < strength[chosenBy]) continue;
    const meant = providers.filter((provider) => provider !== 'auto').join(' or ');
    throw new UsageError(`--${name} goes with --provider ${meant}, not with ${options.provider}`);
  }
  if (options.provider === 'existing') {
    if (options.context === undefined) {
      throw new UsageError('--provider existing demands --context NAME: no cluster is touched that was not named');
    }
    if (!options.allowMeshWideChanges && !options.dryRun && !options.list) {
      throw new UsageError(
        '--provider existing demands --allow-mesh-wide-changes: permissive off denies all traffic of the mesh that no ' +
          'policy allows (--dry-run shows what would change)',
      );
    }
  }
  if (!options.install && options.provider === 'sandbox') {
    throw new UsageError(
      '--no-install: a sandbox is always new, so that there is no mesh to test; leave the option out',
    );
  }
  if (!options.install && !options.reuse && options.provider !== 'existing') {
    throw new UsageError(
      '--no-install with a new kind cluster leaves no mesh to test; add --reuse to take one that was kept',
    );
  }
  if (options.list && options.dryRun) throw new UsageError('--list and --dry-run both print and stop: choose one');
  if (options.clusterName !== undefined && !/^[a-z0-9][a-z0-9.-]*$/.test(options.clusterName)) {
    throw new UsageError(`--cluster-name must be small letters, digits, dots and dashes, not "${options.clusterName}"`);
  }
}

function isOff(options: RunOptions, name: string): boolean {
  return (
    (name === 'keep' && !options.keep) ||
    (name === 'reuse' && !options.reuse) ||
    (name === 'allow-mesh-wide-changes' && !options.allowMeshWideChanges)
  );
}
