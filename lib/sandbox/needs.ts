import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { NAMESPACES } from './unshare.ts';

/** Something that the sandbox needs and this machine lacks or forbids. */
export interface MissingNeed {
  what: string;
  remedy: string;
}

/** What the sandbox runs, and the package that most distributions have it in. */
const PROGRAMS: Record<string, string> = {
  unshare: 'util-linux',
  nsenter: 'util-linux',
  mount: 'util-linux',
  pivot_root: 'util-linux',
  ip: 'iproute2',
  curl: 'curl',
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

/** What a sandbox does first, each with what forbids it where no setting of the kernel does. */
const TRIALS = [
  {
    flags: ['--user', '--map-root-user'],
    script: ':',
    what: 'user namespaces are forbidden (unshare --user)',
    remedy: 'in a container: give it the capability SYS_ADMIN and a seccomp profile that allows unshare and mount',
  },
  {
    flags: ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc', '--mount'],
    script: ':',
    what: 'mounting /proc in a new process namespace is forbidden',
    remedy: 'in a container: unmask /proc (docker run --security-opt systempaths=unconfined)',
  },
  {
    flags: NAMESPACES,
    script:
      'ip link add br0 type bridge && ip link add veth0 type veth peer name veth1 && echo 1 > /proc/sys/net/ipv4/ip_forward',
    what: 'network bridges or veth links cannot be made (ip link add)',
    remedy: 'load the kernel modules bridge and veth, and let /proc/sys/net be written',
  },
];

/** What keeps the sandbox from running on this machine; empty where nothing does. Tries, and leaves nothing behind. */
export async function missingNeeds(): Promise<MissingNeed[]> {
  if (process.platform !== 'linux') {
    return [{ what: `Linux is needed, this is ${process.platform}`, remedy: 'use --provider kind or existing' }];
  }
  const lacking = Object.entries(PROGRAMS).filter(([name]) => !isOnPath(name));
  if (lacking.length > 0) {
    return lacking.map(([name, pack]) => ({ what: `${name} is not on the PATH`, remedy: `install ${pack}` }));
  }
  for (const { flags, script, what, remedy } of TRIALS) {
    const complaint = await attempt(flags, script);
    if (complaint === undefined) continue;
    const settings = SETTINGS.filter(({ file, forbids }) => setting(file) === forbids);
    if (settings.length === 0) return [{ what: `${what}: ${complaint}`, remedy }];
    return settings.map(({ allow }) => ({
      what: `${what} by the sysctl ${allow.split('=', 1)[0]}: ${complaint}`,
      remedy: `sysctl -w ${allow}`,
    }));
  }
  return [];
}

/** What a trial complained of; undefined where it went well. */
async function attempt(flags: string[], script: string): Promise<string | undefined> {
  const child = spawn('unshare', [...flags, 'sh', '-c', script], { stdio: ['ignore', 'ignore', 'pipe'] });
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

function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return false;
    }
  });
}
