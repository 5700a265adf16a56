import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { missingForSandbox } from '../../lib/sandbox/index.ts';
import { say } from '../lib/table.ts';
import type { WorkFolder } from '../lib/work-folder.ts';
import type { StatusCase } from './case.ts';

/** Programs that the provider kind needs. */
const FOR_KIND = new Set(['kind', 'docker', 'podman', 'nerdctl']);

/** Sets the kernel's limit in a new user namespace, not on the machine. */
const SETTING_FORBIDS = [
  ...['unshare', '--user', '--map-root-user'],
  ...['sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', 'sh'],
];

/**
 * The kernel makes no user namespace for a process whose root differs from its mount namespace's. No setting shows
 * this.
 */
const SURROUNDINGS_FORBID = [
  ...['unshare', '--user', '--map-root-user', '--mount'],
  ...['sh', '-c', 'mount --rbind / /mnt && exec chroot /mnt sh -c \'cd "$0" && exec "$@"\' "$PWD" "$@"', 'sh'],
];

const KIND_IS_ASKED_FOR = /names mesh, which needs a real cluster, and kind cannot run here/;

/** Longest time of a run whose installation fails, ms. Waiting for the fixtures alone takes twice as long. */
const FAILED_INSTALL_MS = 60_000;

const SECRET = 'correct-horse';
const SECRETS = ['--set', `db.password=${SECRET}-1`];

/** The cases on a machine without Docker and kind, and on one that also forbids sandboxes. */
export async function casesWithoutKind(workFolder: WorkFolder): Promise<StatusCase[]> {
  const missing = await missingForSandbox();
  if (missing.length > 0) {
    say(`cases without kind are skipped: the sandbox needs what is missing here: ${missing[0]?.what}`);
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

/** A sound driver whose installation begins with a command that fails. */
function failingDriver({ path }: WorkFolder): string {
  const reference = readFileSync(new URL('../../meshes/reference.yaml', import.meta.url), 'utf8');
  const file = join(path, 'failing.yaml');
  writeFileSync(file, reference.replace('\ninstall:\n', "\ninstall:\n  - { run: ['false'], within: 5s }\n"));
  return file;
}

/** A driver whose installation prints its settings, as installers do, and fails. */
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

/** A PATH with the same programs as this process's, except some. */
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
