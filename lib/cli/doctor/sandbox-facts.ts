import { readFileSync } from 'node:fs';
import type { Fact } from '../../plan/index.ts';
import { ask } from './commands.ts';

/** What the built-in cluster needs: curl, iproute2, and network namespaces that this user may make. */
export async function sandboxFacts(): Promise<Fact[]> {
  if (process.platform !== 'linux') {
    return [
      {
        what: 'Linux',
        trouble: `the sandbox is made of Linux namespaces, and this is ${process.platform}`,
        remedy: 'install Docker and kind, or run in a Linux virtual machine',
      },
    ];
  }
  return Promise.all([curlFact(), ipFact(), namespacesFact()]);
}

async function curlFact(): Promise<Fact> {
  const answer = await ask('curl', ['--version']);
  const remedy = 'install curl';
  if (!answer.ok) return { what: 'curl', trouble: answer.trouble, remedy };
  return { what: 'curl', found: /\d+(\.\d+)+/.exec(answer.stdout)?.[0] ?? 'some version', remedy };
}

async function ipFact(): Promise<Fact> {
  const answer = await ask('ip', ['-V']);
  const remedy = 'install iproute2';
  if (!answer.ok) return { what: 'ip (iproute2)', trouble: answer.trouble, remedy };
  return { what: 'ip (iproute2)', found: /\d+(\.\d+)+/.exec(answer.stdout)?.[0] ?? 'some version', remedy };
}

/**
 * What the sandbox does first, tried: namespaces of its own, and in them a mount, a bridge and a pair of interfaces.
 * Nothing of it outlives the command, and nothing outside of it is touched.
 */
async function namespacesFact(): Promise<Fact> {
  const what = 'user namespaces';
  const trial = 'mount -t tmpfs tmpfs /run && ip link add br0 type bridge && ip link add a0 type veth peer name b0';
  const flags = ['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child'];
  const answer = await ask('unshare', [...flags, 'sh', '-c', trial]);
  if (answer.ok) return { what, found: 'allowed', remedy: '' };
  if (answer.isMissing) {
    return { what, trouble: 'unshare is not installed', remedy: 'install util-linux (the command unshare)' };
  }
  const forbidden = forbiddenBy(readSetting);
  return { what, trouble: `${answer.trouble}${forbidden.because}`, remedy: forbidden.remedy };
}

/**
 * Which of the kernel's settings forbids user namespaces, and how it is changed.
 *
 * @param setting value of a sysctl, or undefined where this kernel has none of that name.
 */
export function forbiddenBy(setting: (name: string) => string | undefined): { because: string; remedy: string } {
  for (const [name, forbids, permits] of [
    ['kernel.unprivileged_userns_clone', '0', '1'],
    ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
    ['user.max_user_namespaces', '0', '15000'],
  ] as const) {
    if (setting(name) === forbids) {
      return { because: ` (${name} is ${forbids})`, remedy: `sudo sysctl -w ${name}=${permits}` };
    }
  }
  return {
    because: ' (no sysctl forbids it)',
    remedy:
      'a container around this forbids namespaces: start it with the capability SYS_ADMIN and without its seccomp ' +
      'profile (docker run --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined)',
  };
}

function readSetting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
