/** What an option's value is. `pairs` are KEY=VALUE, one by one; `roles` map the fixtures' images. */
export type OptionKind =
  | 'switch'
  | 'text'
  | 'path'
  | 'choice'
  | 'list'
  | 'pairs'
  | 'roles'
  | 'whole'
  | 'factor'
  | 'duration';

/** One option of `meshproof run`, in all three of its forms: `--NAME`, `MESHPROOF_NAME`, and `name:` in the file. */
export interface OptionRow {
  name: string;
  kind: OptionKind;
  /** What stands for the value in the help: `name`, `key=value`. */
  value?: string;
  help: string;
  group: OptionGroup;
  choices?: readonly string[];
  /** Least and greatest value of a number. Limits that are multiplied beyond what a timer can hold would pass at once. */
  least?: number;
  most?: number;
  /** Said on the command line only: what such an option asks for is no property of a project or a machine. */
  commandLineOnly?: true;
  /** Its value is never printed, not even in a message that refuses it. */
  secret?: true;
  /** On unless it is switched off: the help shows `--no-NAME`. */
  on?: true;
}

export type OptionGroup = 'What to run' | 'The mesh' | 'The cluster' | 'The fixtures' | 'How to run' | 'What to print';

export const imageRoles = ['curl', 'httpbin', 'tcp-echo'] as const;

export const providerChoices = ['auto', 'kind', 'existing', 'sandbox'] as const;

/** Every option of a run, in the order of the help. Command line, environment, file and schema are made from this list. */
export const optionRows: readonly OptionRow[] = [
  {
    name: 'suite',
    kind: 'list',
    value: 'name',
    group: 'What to run',
    help: 'run this suite only (repeatable, comma lists)',
  },
  {
    name: 'claim',
    kind: 'list',
    value: 'id',
    group: 'What to run',
    help: 'run the claims with this id or glob only: tcp-routing/* (repeatable, comma lists)',
  },
  { name: 'extended', kind: 'switch', group: 'What to run', help: 'the extended claims too' },
  {
    name: 'rerun-failed',
    kind: 'switch',
    group: 'What to run',
    help: 'only the claims of the last run that did not pass, those that never ran included; on the same mesh and provider',
  },
  {
    name: 'list',
    kind: 'switch',
    group: 'What to run',
    commandLineOnly: true,
    help: 'print the claims and stop',
  },
  {
    name: 'dry-run',
    kind: 'switch',
    group: 'What to run',
    commandLineOnly: true,
    help: 'print what would run and change, in order, touching nothing, and stop',
  },
  {
    name: 'mesh',
    kind: 'text',
    value: 'name|file',
    group: 'The mesh',
    help: 'the mesh under test: a driver in meshes/, or a driver file (default: osm, in the sandbox reference)',
  },
  {
    name: 'set',
    kind: 'pairs',
    value: 'key=value',
    group: 'The mesh',
    help: "passed to the mesh's installer (repeatable; later ones win)",
  },
  {
    name: 'set-secret',
    kind: 'pairs',
    secret: true,
    value: 'key=value',
    group: 'The mesh',
    help: 'like --set, and the value is left out of every report and log (repeatable); best given as MESHPROOF_SET_SECRET',
  },
  {
    name: 'set-file',
    kind: 'path',
    value: 'file',
    group: 'The mesh',
    help: 'file with KEY=VALUE for the installer, one a line; # begins a comment',
  },
  {
    name: 'install',
    kind: 'switch',
    on: true,
    group: 'The mesh',
    help: 'take the mesh that is there instead of installing it',
  },
  {
    name: 'provider',
    kind: 'choice',
    value: 'name',
    choices: providerChoices,
    group: 'The cluster',
    help: 'where the cluster comes from: auto is kind, or the sandbox where neither mesh nor provider is named and kind cannot run (default: auto)',
  },
  {
    name: 'kubeconfig',
    kind: 'path',
    value: 'file',
    group: 'The cluster',
    help: 'kubeconfig of --provider existing (default: the KUBECONFIG variable or ~/.kube/config)',
  },
  {
    name: 'context',
    kind: 'text',
    value: 'name',
    group: 'The cluster',
    help: 'context of --provider existing, which demands it',
  },
  {
    name: 'allow-mesh-wide-changes',
    kind: 'switch',
    group: 'The cluster',
    help: "consent to switching the modes of an existing cluster's mesh, which can cut off its other traffic meanwhile",
  },
  {
    name: 'cluster-name',
    kind: 'text',
    value: 'name',
    group: 'The cluster',
    help: "kind cluster's name (default: meshproof- and the run's id)",
  },
  { name: 'node-image', kind: 'text', value: 'ref', group: 'The cluster', help: 'node image for kind' },
  {
    name: 'kind-config',
    kind: 'path',
    value: 'file',
    group: 'The cluster',
    help: 'cluster configuration for kind (default: kind-config.yaml of this project)',
  },
  { name: 'keep', kind: 'switch', group: 'The cluster', help: 'keep the kind cluster at the end, for --reuse' },
  {
    name: 'reuse',
    kind: 'switch',
    group: 'The cluster',
    help: 'take a kept kind cluster with the mesh that is there, and leave it',
  },
  {
    name: 'sandbox-fault',
    kind: 'text',
    value: 'name',
    group: 'The cluster',
    help: 'have the sandbox do one thing wrong on purpose, in its mesh or in the cluster itself (docs/faults.md)',
    commandLineOnly: true,
  },
  {
    name: 'sandbox-domain',
    kind: 'text',
    value: 'domain',
    group: 'The cluster',
    help: "domain of the sandbox's Services (default: cluster.local)",
  },
  {
    name: 'image',
    kind: 'roles',
    value: 'role=ref',
    group: 'The fixtures',
    help: `image for a fixture; roles are ${imageRoles.join(', ')} (repeatable)`,
  },
  {
    name: 'registry',
    kind: 'text',
    value: 'prefix',
    group: 'The fixtures',
    help: "put before the fixtures' images: registry.example.com/mirror",
  },
  {
    name: 'pull-secret',
    kind: 'path',
    value: 'file',
    group: 'The fixtures',
    help: "Docker config.json with the credentials that the fixtures' images are pulled with",
  },
  {
    name: 'load-image',
    kind: 'list',
    value: 'ref',
    group: 'The fixtures',
    help: 'load this image from the local Docker into the kind cluster (repeatable, comma lists)',
  },
  {
    name: 'egress-target',
    kind: 'text',
    value: 'host',
    group: 'The fixtures',
    help: 'host outside the cluster as target of egress; its log cannot be read, so such a run cannot certify',
  },
  {
    name: 'fail-fast',
    kind: 'switch',
    group: 'How to run',
    help: 'stop after the first claim that is failed or broken',
  },
  {
    name: 'retries',
    kind: 'whole',
    value: 'n',
    least: 0,
    most: 100,
    group: 'How to run',
    help: 'try a failed claim so many times more; a pass after that is flaky, never clean (default: 0)',
  },
  {
    name: 'repeat',
    kind: 'whole',
    value: 'n',
    least: 1,
    most: 1000,
    group: 'How to run',
    help: 'run every claim so many times; the worst verdict counts (default: 1)',
  },
  {
    name: 'seed',
    kind: 'text',
    value: 'text',
    group: 'How to run',
    help: 'fixes what is drawn by lot: nonces, and the order among equally good ones',
  },
  {
    name: 'timeout-scale',
    kind: 'factor',
    value: 'n',
    least: 0.1,
    most: 100,
    group: 'How to run',
    help: 'multiply every time limit, for a slow machine (default: 1)',
  },
  {
    name: 'deadline',
    kind: 'duration',
    value: 'time',
    least: 1_000,
    most: 7 * 24 * 3_600_000,
    group: 'How to run',
    help: 'longest that the whole run may take: 20m, 1h30m, 90s',
  },
  {
    name: 'config',
    kind: 'path',
    value: 'file',
    group: 'What to print',
    help: 'file with options (default: meshproof.yaml of this folder, if there is one)',
  },
  {
    name: 'out',
    kind: 'path',
    value: 'dir',
    group: 'What to print',
    help: "folder for the runs' reports (default: reports)",
  },
  { name: 'json', kind: 'switch', group: 'What to print', help: 'print JSON for programs instead of text for people' },
  { name: 'verbose', kind: 'switch', group: 'What to print', help: 'print every command and every step' },
];

/** Options that may stand in a file; `config` names the file and so cannot. */
export const fileRows = optionRows.filter((row) => !row.commandLineOnly && row.name !== 'config');

/** Options that may stand in the environment. */
export const environmentRows = optionRows.filter((row) => !row.commandLineOnly);

/** Options that are said on the command line or not at all. */
export const commandLineRows = optionRows.filter((row) => row.commandLineOnly);

/** `MESHPROOF_NODE_IMAGE` for `node-image`. */
export function environmentName(optionName: string): string {
  return `MESHPROOF_${optionName.toUpperCase().replaceAll('-', '_')}`;
}
