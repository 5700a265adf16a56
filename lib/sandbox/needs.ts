import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CONTAINER_PATH } from './node/places.ts';
import { NAMESPACES } from './unshare.ts';

/** Something that the sandbox needs and this machine lacks or forbids. */
export interface MissingNeed {
  /** As people call it: `curl`, `user namespaces`. */
  what: string;
  trouble: string;
  remedy: string;
}

/** Longest that one trial may take, ms. */
const TRIAL_MS = 10_000;

/** What the sandbox runs, and the package that most distributions have it in. */
const PROGRAMS: Record<string, string> = {
  unshare: 'util-linux',
  nsenter: 'util-linux',
  mount: 'util-linux',
  ip: 'iproute2',
  curl: 'curl',
};

/** What only a container runs, whose PATH has the folders that ordinary users' PATHs often lack. */
const PROGRAMS_OF_CONTAINERS: Record<string, string> = {
  pivot_root: 'util-linux',
  setpriv: 'util-linux',
};

/** Settings of the kernel that forbid what the sandbox does, and the value that allows it. */
const SETTINGS = [
  { file: 'kernel/unprivileged_userns_clone', forbids: '0', allow: 'kernel.unprivileged_userns_clone=1' },
  {
    file: 'kernel/apparmor_restrict_unprivileged_userns',
    forbids: '1',
    allow: 'kernel.apparmor_restrict_unprivileged_userns=0',
  },
  { file: 'user/max_user_namespaces', forbids: '0', allow: 'user.max_user_namespaces=10000' },
  { file: 'user/max_net_namespaces', forbids: '0', allow: 'user.max_net_namespaces=10000' },
];

/** What a sandbox does first. */
const WHOLE = {
  flags: NAMESPACES,
  script:
    'ip link add br0 type bridge && ip link add veth0 type veth peer name veth1 && echo 1 > /proc/sys/net/ipv4/ip_forward',
};

/** The same step by step, each with what forbids it where no setting of the kernel does. */
const TRIALS = [
  {
    what: 'user namespaces',
    flags: ['--user', '--map-root-user'],
    script: ':',
    remedy: 'in a container: give it the capability SYS_ADMIN and a seccomp profile that allows unshare and mount',
  },
  {
    what: '/proc in a process namespace',
    flags: ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc', '--mount'],
    script: ':',
    remedy: 'in a container: unmask /proc (docker run --security-opt systempaths=unconfined)',
  },
  {
    what: 'network bridges and veth links',
    ...WHOLE,
    remedy: 'load the kernel modules bridge and veth, and let /proc/sys/net be written',
  },
];

/** What keeps the sandbox from running on this machine; empty where nothing does. Tries, and leaves nothing behind. */
export async function missingNeeds(): Promise<MissingNeed[]> {
  if (process.platform !== 'linux') {
    const trouble = `the sandbox is made of Linux namespaces, and this is ${process.platform}`;
    return [{ what: 'Linux', trouble, remedy: 'install Docker and kind, or use a Linux virtual machine' }];
  }
  const lacking = [
    ...programsNotOn(process.env['PATH'] ?? '', PROGRAMS),
    ...programsNotOn(CONTAINER_PATH, PROGRAMS_OF_CONTAINERS),
  ];
  if (lacking.length > 0) return lacking;
  if ((await attempt(WHOLE.flags, WHOLE.script)) === undefined) return [];
  for (const { what, flags, script, remedy } of TRIALS) {
    const complaint = await attempt(flags, script);
    if (complaint !== undefined) return forbidden(what, complaint, remedy, setting);
  }
  return [];
}

/**
 * Who forbids something that was tried: each setting of the kernel that does, or else whatever is around this process.
 *
 * @param complaint - what was said when it was tried
 * @param remedy - for what is around
 * @param settingOf - a setting's value; undefined where this kernel has none of that name
 */
export function forbidden(
  what: string,
  complaint: string,
  remedy: string,
  settingOf: (file: string) => string | undefined,
): MissingNeed[] {
  const settings = SETTINGS.filter(({ file, forbids }) => settingOf(file) === forbids);
  if (settings.length === 0) return [{ what, trouble: `forbidden, and by no sysctl (${complaint})`, remedy }];
  return settings.map(({ allow }) => ({
    what,
    trouble: `forbidden by the sysctl ${allow.split('=', 1)[0]} (${complaint})`,
    remedy: `as root: sysctl -w ${allow}`,
  }));
}

/** What a trial complained of; undefined where it went well. */
async function attempt(flags: string[], script: string): Promise<string | undefined> {
  const child = spawn('unshare', [...flags, 'sh', '-c', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TRIAL_MS,
    killSignal: 'SIGKILL',
  });
  const status = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const complaint = await text(child.stderr);
  return (await status) === 0 ? undefined : complaint.trim().split('\n')[0] || 'no reason given';
}

function setting(file: string): string | undefined {
  try {
    return readFileSync(join('/proc/sys', file), 'utf8').trim();
  } catch (error) {
    // Not every kernel has every one of them.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function programsNotOn(path: string, programs: Record<string, string>): MissingNeed[] {
  return Object.entries(programs)
    .filter(([name]) => !path.split(delimiter).some((folder) => isProgram(join(folder, name))))
    .map(([what, pack]) => ({ what, trouble: 'not on the PATH', remedy: `install ${what} (package ${pack})` }));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}
