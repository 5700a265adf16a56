import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CONTAINER_PATH } from './node/places.ts';

/** Something that the sandbox needs, and that this machine lacks or forbids. */
export interface MissingNeed {
  /** Such as `curl` or `user namespaces`. */
  what: string;
  problem: string;
  remedy: string;
}

/** The namespaces of a sandbox, as arguments of `unshare`. Root uses a user namespace too, so that all users get the same. */
export const NAMESPACES = '--user --map-root-user --net --mount --pid --fork --kill-child --mount-proc'.split(' ');

/** Time limit of one check, ms. */
const CHECK_MS = 10_000;

/** The programs that the sandbox runs, with their packages in most distributions. */
const PROGRAMS: Record<string, string> = {
  unshare: 'util-linux',
  nsenter: 'util-linux',
  mount: 'util-linux',
  ip: 'iproute2',
  curl: 'curl',
};

/** The programs that only containers run. Their PATH has folders that an ordinary user's often lacks. */
const PROGRAMS_OF_CONTAINERS: Record<string, string> = {
  pivot_root: 'util-linux',
  setpriv: 'util-linux',
};

/** Settings of the kernel that can forbid the sandbox. */
const SETTINGS = [
  { name: 'kernel.unprivileged_userns_clone', forbids: '0', allows: '1' },
  { name: 'kernel.apparmor_restrict_unprivileged_userns', forbids: '1', allows: '0' },
  { name: 'user.max_user_namespaces', forbids: '0', allows: '10000' },
  { name: 'user.max_net_namespaces', forbids: '0', allows: '10000' },
];

/** What a sandbox does first. */
const ALL_STEPS = {
  flags: NAMESPACES,
  script:
    'ip link add br0 type bridge && ip link add veth0 type veth peer name veth1 && echo 1 > /proc/sys/net/ipv4/ip_forward',
};

/** The same step by step, with the remedy if no setting of the kernel forbids the step. */
const STEPS = [
  {
    what: 'user namespaces',
    flags: ['--user', '--map-root-user'],
    script: ':',
    remedy: 'in a container: give it the capability SYS_ADMIN and a seccomp profile that allows unshare and mount',
  },
  {
    what: '/proc in a process namespace',
    flags: NAMESPACES.filter((flag) => flag !== '--net'),
    script: ':',
    remedy: 'in a container: unmask /proc (docker run --security-opt systempaths=unconfined)',
  },
  {
    what: 'network bridges and veth links',
    ...ALL_STEPS,
    remedy: 'load the kernel modules bridge and veth, and let /proc/sys/net be written',
  },
];

/** What the sandbox needs and this machine lacks or forbids. Checks it by doing it, and leaves nothing behind. */
export async function missingForSandbox(): Promise<MissingNeed[]> {
  if (process.platform !== 'linux') {
    const problem = `the sandbox needs Linux namespaces, and this is ${process.platform}`;
    return [{ what: 'Linux', problem, remedy: 'install Docker and kind, or use a Linux virtual machine' }];
  }
  const lacking = [
    ...programsNotOn(process.env['PATH'] ?? '', PROGRAMS),
    ...programsNotOn(CONTAINER_PATH, PROGRAMS_OF_CONTAINERS),
  ];
  if (lacking.length > 0) return lacking;
  if ((await errorOf(ALL_STEPS.flags, ALL_STEPS.script)) === undefined) return [];
  for (const { what, flags, script, remedy } of STEPS) {
    const complaint = await errorOf(flags, script);
    if (complaint !== undefined) return forbidden(what, complaint, remedy, settingOf);
  }
  return [];
}

/**
 * Finds what forbids a step: settings of the kernel, or else the container or service around this process.
 *
 * @param complaint - error message of the step
 * @param remedy - for a container or service
 * @param settingOf - value of a setting. Undefined if this kernel does not have it.
 */
export function forbidden(
  what: string,
  complaint: string,
  remedy: string,
  settingOf: (file: string) => string | undefined,
): MissingNeed[] {
  const settings = SETTINGS.filter(({ name, forbids }) => settingOf(name.replaceAll('.', '/')) === forbids);
  if (settings.length === 0) return [{ what, problem: `forbidden, and by no sysctl (${complaint})`, remedy }];
  return settings.map(({ name, allows }) => ({
    what,
    problem: `forbidden by the sysctl ${name} (${complaint})`,
    remedy: `as root: sysctl -w ${name}=${allows}`,
  }));
}

/** The error message of a step. Undefined if it worked. */
function errorOf(flags: string[], script: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const limits = { timeout: CHECK_MS, killSignal: 'SIGKILL' } as const;
    execFile('unshare', [...flags, 'sh', '-c', script], limits, (error, _printed, complaint) => {
      resolve(error === null ? undefined : complaint.trim().split('\n')[0] || 'no reason given');
    });
  });
}

function settingOf(file: string): string | undefined {
  try {
    return readFileSync(join('/proc/sys', file), 'utf8').trim();
  } catch (error) {
    // Not every kernel has every setting.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function programsNotOn(path: string, programs: Record<string, string>): MissingNeed[] {
  return Object.entries(programs)
    .filter(([name]) => pathOnPath(name, path) === undefined)
    .map(([what, pack]) => ({ what, problem: 'not on the PATH', remedy: `install ${what} (package ${pack})` }));
}

/** The path of a program. Undefined if no folder of the PATH has it. */
export function pathOnPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === undefined) throw error;
        return false;
      }
    });
}
