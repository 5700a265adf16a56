import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { missingForSandbox } from '../../lib/sandbox/index.ts';
import { say } from '../lib/table.ts';
import type { WorkFolder } from '../lib/work-folder.ts';
import type { StatusCase } from './case.ts';

/** What the provider kind runs. */
const FOR_KIND = new Set(['kind', 'docker', 'podman', 'nerdctl']);

/** In user namespaces of its own, the kernel's setting is the namespace's. */
const SETTING_FORBIDS = [
  ...['unshare', '--user', '--map-root-user'],
  ...['sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', 'sh'],
];

/** The kernel makes no user namespace for a process whose root is not its mount namespace's; no setting prints so. */
const SURROUNDINGS_FORBID = [
  ...['unshare', '--user', '--map-root-user', '--mount'],
  ...['sh', '-c', 'mount --rbind / /mnt && exec chroot /mnt sh -c \'cd "$0" && exec "$@"\' "$PWD" "$@"', 'sh'],
];

const KIND_IS_ASKED_FOR = /mesh is named by the .*, so a real cluster is asked for, and kind cannot run here/;

/** A run whose installation fails waits for nothing else: fixtures alone are waited for twice as long. */
const FAILED_INSTALL_MS = 60_000;

const SECRET = 'correct-horse';
const SECRETS = ['--set', `db.password=${SECRET}-1`];

/** How runs end on a machine that has everything but Docker and kind, and on one that allows no sandbox either. */
export async function casesWithoutKind(workFolder: WorkFolder): Promise<StatusCase[]> {
  const missing = await missingForSandbox();
  if (missing.length > 0) {
    say(`without kind: nothing is tried, since the sandbox needs what is missing here: ${missing[0]?.what}`);
    return [];
  }
  const environment = { ...workFolder.environment, PATH: pathWithout(FOR_KIND, join(workFolder.path, 'programs')) };
  const named = ['run', '--mesh', 'osm', '--out', workFolder.reports];
  return [
    {
      name: 'no kind, nothing named: the sandbox',
      status: 0,
      words: ['run', '--claim', 'permissive/off-closes', '--out', workFolder.reports],
      options: { environment },
      prints: [/in the SANDBOX, which says nothing about a real mesh \(auto: .*kind: not installed/, /1 passed/],
    },
    {
      name: 'no kind, mesh named',
      status: 3,
      words: named,
      options: { environment },
      prints: [KIND_IS_ASKED_FOR, /-> install kind/],
    },
    {
      name: 'no kind, mesh named, npm test',
      status: 3,
      words: named,
      options: { environment, door: 'npm' },
      prints: [KIND_IS_ASKED_FOR, /-> install kind/],
    },
    {
      name: 'no kind, mesh named in the environment',
      status: 3,
      words: ['run', '--out', workFolder.reports],
      options: { environment: { ...environment, MESHPROOF_MESH: 'osm' } },
      prints: [KIND_IS_ASKED_FOR, /-> install kind/],
    },
    {
      name: 'an installation that fails',
      status: 3,
      words: ['run', '--provider', 'sandbox', '--mesh', failingDriver(workFolder), '--out', workFolder.reports],
      options: { environment },
      prints: [/ended with status 1/],
      withinMs: FAILED_INSTALL_MS,
    },
    {
      name: 'secrets, in an installation that prints them and fails',
      status: 3,
      words: [
        'run',
        '--provider',
        'sandbox',
        '--mesh',
        tellingDriver(workFolder),
        '--out',
        workFolder.reports,
        ...SECRETS,
      ],
      options: { environment: { ...environment, MESHPROOF_SET_SECRET: `licence=${SECRET}-2` } },
      prints: [/the password is \[redacted\]/, /the licence is \[redacted\]/, /ended with status 7/],
      hides: { text: SECRET, folder: workFolder.path },
      withinMs: FAILED_INSTALL_MS,
    },
    ...withForbiddenNamespaces('by a sysctl', environment, SETTING_FORBIDS, [
      /user namespaces.* forbidden by the sysctl user\.max_user_namespaces/,
      /-> as root: sysctl -w user\.max_user_namespaces=/,
    ]),
    ...withForbiddenNamespaces('by what is around', environment, SURROUNDINGS_FORBID, [
      /user namespaces.* forbidden, and by no sysctl/,
      /-> .*the capability SYS_ADMIN/,
    ]),
  ];
}

/** A sound driver, but that its installation begins with a command that fails. */
function failingDriver({ path }: WorkFolder): string {
  const reference = readFileSync(new URL('../../meshes/reference.yaml', import.meta.url), 'utf8');
  const file = join(path, 'failing.yaml');
  writeFileSync(file, reference.replace('\ninstall:\n', "\ninstall:\n  - { run: ['false'], within: 5s }\n"));
  return file;
}

/** One whose installation prints the settings that it was given, as installers do, and fails. */
function tellingDriver({ path }: WorkFolder): string {
  const reference = readFileSync(new URL('../../meshes/reference.yaml', import.meta.url), 'utf8');
  const file = join(path, 'telling.yaml');
  const script = 'echo "the password is $1"; echo "the licence is $2"; exit 7';
  const run = JSON.stringify(['sh', '-c', script, 'sh', '{{set.db.password|}}', '{{set.licence|}}']);
  writeFileSync(file, reference.replace('\ninstall:\n', `\ninstall:\n  - { run: ${run}, within: 5s }\n`));
  return file;
}

function withForbiddenNamespaces(
  how: string,
  environment: Record<string, string>,
  through: string[],
  prints: RegExp[],
): StatusCase[] {
  const options = { environment, through };
  return [
    { name: `namespaces forbidden ${how}`, status: 3, words: ['run'], options, prints },
    {
      name: `namespaces forbidden ${how}, sandbox named`,
      status: 3,
      words: ['run', '--provider', 'sandbox'],
      options,
      prints: [/--provider sandbox cannot run here/, ...prints],
    },
    { name: `namespaces forbidden ${how}, doctor`, status: 3, words: ['doctor'], options, prints },
    { name: `namespaces forbidden ${how}, meshproof sandbox`, status: 3, words: ['sandbox'], options, prints },
  ];
}

/** A PATH that leads to the same programs as this process's, but for some. */
function pathWithout(programs: ReadonlySet<string>, folder: string): string {
  mkdirSync(folder);
  const linked = new Set(programs);
  for (const place of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of programsIn(place)) {
      if (linked.has(name)) continue;
      linked.add(name);
      symlinkSync(join(place, name), join(folder, name));
    }
  }
  return folder;
}

function programsIn(place: string): string[] {
  try {
    return readdirSync(place);
  } catch (error) {
    // A PATH may name folders that are not there.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
