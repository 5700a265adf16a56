import { IMAGE_ROLES, type ImageRole } from '../fixtures/table.ts';

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

interface Fields {
  /** Its name, if this is not the property's name with dashes. */
  name?: string;
  kind: OptionKind;
  /** Stands for the value in the help: `name`, `key=value`. */
  value?: string;
  help: string;
  default?: string | number | true;
  choices?: readonly string[];
  /** Limits of a number. A time limit that no timer can hold would end at once. */
  least?: number;
  most?: number;
  /** The providers that use it. */
  providers?: readonly string[];
  /** Allowed on the command line only: it is not a property of a project or a machine. */
  commandLineOnly?: true;
  /** Never print its value, not even in a message that refuses it. */
  secret?: true;
  /** A file that must exist. */
  mustExist?: true;
}

type OptionGroup = 'What to run' | 'The mesh' | 'The cluster' | 'The fixtures' | 'How to run' | 'What to print';

function group<const T extends Record<string, Fields>>(
  name: OptionGroup,
  rows: T,
): { [K in keyof T]: T[K] & { group: OptionGroup } } {
  const grouped = Object.entries(rows).map(([key, row]) => [key, { ...row, group: name }]);
  return Object.fromEntries(grouped);
}

const kind = ['kind', 'auto'] as const;

/**
 * Every option of a run by its property in `RunOptions`, in the order of the help. The command line, the environment, the
 * file, the help and the type `RunOptions` all follow from this table.
 */
const schema = {
  ...group('What to run', {
    suites: { name: 'suite', kind: 'list', value: 'name', help: 'run this suite only (repeatable, comma lists)' },
    claims: {
      name: 'claim',
      kind: 'list',
      value: 'id',
      help: 'run the claims with this id or glob only: tcp-routing/* (repeatable, comma lists)',
    },
    extended: { kind: 'switch', help: 'also run the extended claims' },
    rerunFailed: {
      kind: 'switch',
      help: 'run only the claims that did not pass or did not run last time; on the same mesh and provider',
    },
    list: { kind: 'switch', commandLineOnly: true, help: 'print the claims and stop' },
    dryRun: {
      kind: 'switch',
      commandLineOnly: true,
      help: 'print what would run and change, in order, and stop; touches nothing',
    },
  }),
  ...group('The mesh', {
    mesh: {
      kind: 'text',
      value: 'name|file',
      help: 'the mesh under test: a driver in meshes/, or a driver file (default: osm; in the sandbox: reference)',
    },
    sets: {
      name: 'set',
      kind: 'pairs',
      value: 'key=value',
      help: "setting for the mesh's installer (repeatable; the last one wins)",
    },
    secretSets: {
      name: 'set-secret',
      kind: 'pairs',
      value: 'key=value',
      secret: true,
      help: 'like --set, but no report or log shows the value (repeatable); best given as MESHPROOF_SET_SECRET',
    },
    setFile: {
      kind: 'path',
      value: 'file',
      help: 'file with settings for the installer, one KEY=VALUE per line; # begins a comment',
    },
    install: { kind: 'switch', default: true, help: 'use the mesh that is installed instead of installing it' },
  }),
  ...group('The cluster', {
    provider: {
      kind: 'choice',
      value: 'name',
      choices: ['auto', 'kind', 'existing', 'sandbox'],
      default: 'auto',
      help: 'where the cluster comes from; auto: kind, or the sandbox if kind cannot run and you name neither mesh nor provider (default: auto)',
    },
    kubeconfig: {
      kind: 'path',
      value: 'file',
      providers: ['existing'],
      mustExist: true,
      help: 'kubeconfig of --provider existing (default: the KUBECONFIG variable or ~/.kube/config)',
    },
    context: {
      kind: 'text',
      value: 'name',
      providers: ['existing'],
      help: 'context of --provider existing, which requires it',
    },
    allowMeshWideChanges: {
      kind: 'switch',
      providers: ['existing'],
      help: 'allow switching the modes of the mesh on an existing cluster; this can interrupt its other traffic',
    },
    clusterName: {
      kind: 'text',
      value: 'name',
      providers: kind,
      help: "name of the kind cluster (default: meshproof- and the run's id)",
    },
    nodeImage: { kind: 'text', value: 'ref', providers: kind, help: 'node image for kind' },
    kindConfig: {
      kind: 'path',
      value: 'file',
      providers: kind,
      mustExist: true,
      help: "cluster configuration for kind (default: this project's kind-config.yaml)",
    },
    keep: { kind: 'switch', providers: kind, help: 'keep the kind cluster at the end, for --reuse' },
    reuse: {
      kind: 'switch',
      providers: kind,
      help: 'use a kind cluster that --keep left, with the mesh on it, and keep it again',
    },
    sandboxFault: {
      kind: 'text',
      value: 'name',
      providers: ['sandbox'],
      commandLineOnly: true,
      help: 'put one deliberate fault into the sandbox: its mesh or the cluster itself (docs/faults.md)',
    },
    sandboxDomain: {
      kind: 'text',
      value: 'domain',
      providers: ['sandbox'],
      help: "domain of the sandbox's Services (default: cluster.local)",
    },
  }),
  ...group('The fixtures', {
    images: {
      name: 'image',
      kind: 'roles',
      value: 'role=ref',
      help: `image for a fixture; roles are ${IMAGE_ROLES.join(', ')} (repeatable)`,
    },
    registry: { kind: 'text', value: 'prefix', help: "prefix for the fixtures' images: registry.example.com/mirror" },
    pullSecret: {
      kind: 'path',
      value: 'file',
      mustExist: true,
      help: "Docker config.json with the credentials to pull the fixtures' images",
    },
    loadImages: {
      name: 'load-image',
      kind: 'list',
      value: 'ref',
      providers: kind,
      help: 'load this image from the local Docker into the kind cluster (repeatable, comma lists)',
    },
    egressTarget: {
      kind: 'text',
      value: 'host',
      help: 'host outside the cluster as target of egress; its log cannot be read, so such a run cannot certify',
    },
  }),
  ...group('How to run', {
    serial: { kind: 'switch', help: 'judge claims one at a time instead of side by side; takes longer' },
    failFast: { kind: 'switch', help: 'stop after the first claim that failed or is inconclusive' },
    retries: {
      kind: 'whole',
      value: 'n',
      least: 0,
      most: 100,
      default: 0,
      help: 'try a failed claim up to n more times; if it passes then, it is flaky, not passed (default: 0)',
    },
    repeat: {
      kind: 'whole',
      value: 'n',
      least: 1,
      most: 1000,
      default: 1,
      help: 'run every claim n times; the worst verdict counts (default: 1)',
    },
    seed: { kind: 'text', value: 'text', help: 'seed for nonces and for the order of claims' },
    timeoutScale: {
      kind: 'factor',
      value: 'n',
      least: 0.1,
      most: 100,
      default: 1,
      help: 'multiply every time limit, for a slow machine (default: 1)',
    },
    deadlineMs: {
      name: 'deadline',
      kind: 'duration',
      value: 'time',
      least: 1_000,
      most: 7 * 24 * 3_600_000,
      help: 'time limit of the whole run: 20m, 1h30m, 90s',
    },
  }),
  ...group('What to print', {
    config: {
      kind: 'path',
      value: 'file',
      help: 'file with options (default: meshproof.yaml in this folder, if it exists)',
    },
    out: { kind: 'path', value: 'dir', default: 'reports', help: "folder for the runs' reports (default: reports)" },
    json: { kind: 'switch', help: 'print JSON for programs instead of text for people' },
    verbose: { kind: 'switch', help: 'print every command and every step' },
  }),
};

type Schema = typeof schema;
type Images = Partial<Record<ImageRole, string>>;
type Always = { default: unknown } | { kind: 'switch' | 'list' | 'pairs' | 'roles' };
type ValueOf<Row> = Row extends { choices: readonly (infer Choice)[] }
  ? Choice
  : Row extends { kind: 'switch' }
    ? boolean
    : Row extends { kind: 'whole' | 'factor' | 'duration' }
      ? number
      : Row extends { kind: 'list' | 'pairs' }
        ? string[]
        : Row extends { kind: 'roles' }
          ? Images
          : string;

/** Where a value comes from, the weakest first. */
export const optionSources = ['file', 'environment', 'command line'] as const;
export type OptionSource = (typeof optionSources)[number];

/**
 * All options of `meshproof run`, checked, with defaults filled in. Durations are ms. `sets` includes the settings
 * of `setFile` and `secretSets`.
 */
export type RunOptions = { [K in keyof Schema as Schema[K] extends Always ? K : never]: ValueOf<Schema[K]> } & {
  [K in keyof Schema as Schema[K] extends Always ? never : K]?: ValueOf<Schema[K]>;
} & {
  /** The options that were given, by name, with their source. */
  named: Record<string, OptionSource>;
};

/** One option of `meshproof run`, in its three forms: `--NAME`, `MESHPROOF_NAME`, and `name:` in the file. */
export interface OptionRow extends Fields {
  key: keyof Schema;
  name: string;
  group: OptionGroup;
  /** `MESHPROOF_NODE_IMAGE` for `node-image`. */
  variable: string;
}

export const optionRows: readonly OptionRow[] = (Object.keys(schema) as (keyof Schema)[]).map((key) => {
  const row: Fields & { group: OptionGroup } = schema[key];
  const name = row.name ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return { ...row, key, name, variable: `MESHPROOF_${name.toUpperCase().replaceAll('-', '_')}` };
});
