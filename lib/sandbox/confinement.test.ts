/** What a pod in the sandbox can see and change of the machine. Runs for each kind of user who starts a sandbox. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { eventually, TestCluster } from './testing/cluster.ts';
import { canRunSandboxes } from './testing/sandbox.ts';
import { curl, namespace, pod } from './testing/workloads.ts';

jest.setTimeout(90_000);

const PROGRAM = resolve(import.meta.dirname, '../../bin/meshproof.js');
const NOBODY = '65534';
/** Mounts a file system below a folder that pods see, in a mount namespace of the test. */
const WITH_SUBMOUNT = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-ec'];
const SUBMOUNT = 'mount -t tmpfs -o mode=777,noatime,nodev tmpfs /usr/share; touch /usr/share/theirs; exec "$@"';
const isRoot = process.getuid?.() === 0;

/** Commands that start a sandbox as another user or in another place. */
const STARTED: [string, string[]][] = [
  ['the user of this test', []],
  ...(isRoot
    ? ([['an ordinary user', ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']]] as [
        string,
        string[],
      ][])
    : []),
  [
    'root of a user namespace, with a file system below /usr and programs of its own',
    [...WITH_SUBMOUNT, SUBMOUNT, 'sh'],
  ],
];

const describeSandbox = (await canRunSandboxes()) ? describe : describe.skip;

describeSandbox.each(STARTED)('a pod of a sandbox that was started by %s', (_, through) => {
  let folder: string;
  let secret: string;
  let child: ChildProcess;
  let cluster: TestCluster;
  const sh = (script: string) => cluster.exec('demo', 'client', 'curl', ['sh', '-c', script]);
  /** The output of both streams in order. */
  const outputOf = async (script: string) => (await sh(`exec 2>&1; ${script}`)).stdout;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'confinement-'));
    chmodSync(folder, 0o777);
    secret = join(folder, 'secret');
    writeFileSync(secret, 'hidden');
    const bin = join(folder, 'my [bin]');
    mkdirSync(bin);
    // As with nvm: node and curl are in the user's own folder.
    for (const [name, path] of Object.entries({ node: process.execPath, curl: commandPath('curl') })) {
      if (through.includes(SUBMOUNT)) copyFileSync(path, join(bin, name));
      else symlinkSync(path, join(bin, name));
    }
    const [file = '', ...words] = [...through, join(bin, 'node'), PROGRAM, 'sandbox'];
    child = spawn(file, words, {
      cwd: folder,
      env: {
        PATH: `${bin}${delimiter}${process.env['PATH']}`,
        TMPDIR: folder,
        HOME: folder,
        XDG_STATE_HOME: join(folder, 'state'),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const kubeconfig = await kubeconfigFrom(child);
    cluster = new TestCluster(kubeconfig);
    await cluster.create(namespace('demo'), ...pod('demo', 'client', [curl()]));
    await cluster.readyPod('demo', 'client');
  });

  afterAll(async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test('has the programs that it needs, and can write to its own /tmp, /dev/shm and /dev/null', async () => {
    const programs = 'curl --version > /dev/null && node --version > /dev/null && command -v nc awk sed > /dev/null';
    const writing = 'for f in /tmp/x /dev/shm/x /dev/null; do echo x > $f || exit 1; done; ls /dev/shm; rm /dev/shm/x';
    expect(await sh(`${programs} && ${writing}`)).toEqual({ exit: 0, stdout: 'x\n', stderr: '' });
  });

  test('sees only programs and libraries in the machine’s root folder', async () => {
    const names = (await outputOf('ls -A /')).trim().split('\n');
    const own = ['dev', 'etc', 'old', 'proc', 'run', 'sandbox', 'sys', 'tmp', 'var'];
    expect(names.filter((name) => !own.includes(name) && !/^(usr|bin|sbin|lib\w*)$/.test(name))).toEqual([]);
    expect(await outputOf('find /old /run /sys /var/run/ -mindepth 1')).toBe('');
    const etc = ['group', 'hostname', 'hosts', 'nsswitch.conf', 'passwd', 'resolv.conf'];
    const links = /^(alternatives|ld\.so\.cache|ld-musl-.*)$/;
    expect(
      (await outputOf('ls -A /etc'))
        .trim()
        .split('\n')
        .filter((name) => !links.test(name)),
    ).toEqual(etc);
  });

  test.each(['/root', '/home', '/etc/shadow', '/etc/ssh', '/var/lib', '/host', '/mnt', '/boot'])(
    'has no %s',
    async (path) => {
      expect((await sh(`test -e ${path}`)).exit).toBe(1);
    },
  );

  test('cannot read a file of the user who started it, by any path', async () => {
    expect((await sh(`cat '${secret}' '/host${secret}' '/proc/1/root${secret}' '/old${secret}'`)).stdout).toBe('');
    expect(await outputOf(`ls -A '${folder}'`)).toContain('No such file');
  });

  test.each([
    '/usr',
    '/usr/bin',
    '/usr/share',
    '/etc',
    '/dev',
    '/sandbox',
    '/sandbox/bin',
    '/sandbox/programs',
    '/sandbox/controller',
    '/sys',
    '/',
  ])('cannot write to %s', async (place) => {
    const file = join(place, 'written-by-a-test');
    expect(await outputOf(`touch ${file}; rm -f ${file}`)).toMatch(/Read-only file system|Permission denied/);
  });

  test('cannot change the programs of the machine', async () => {
    // The files have these modes already. So nothing changes on the machine if the test fails.
    for (const [mode, file] of [
      ['u+x', '$(readlink -f $(command -v node))'],
      ['u+x', '$(readlink -f $(command -v curl))'],
      ['u+w', '/dev/null'],
    ]) {
      expect(await outputOf(`chmod ${mode} ${file}`)).toMatch(/Read-only file system|not permitted/);
    }
    expect(await outputOf(': >> $(readlink -f $(command -v curl))')).toMatch(/cannot create/);
  });

  test('has the devices that every container has, and no others', async () => {
    const names = (await outputOf('ls -A /dev')).trim().split('\n').sort();
    const common = [
      'fd',
      'full',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stderr',
      'stdin',
      'stdout',
      'tty',
      'urandom',
      'zero',
    ];
    expect(names).toEqual(common.filter((name) => name !== 'tty' || existsSync('/dev/tty')));
  });

  test('cannot change the kernel’s settings, nor those of its own network', async () => {
    for (const file of ['sys/kernel/printk', 'sys/kernel/hostname', 'sys/net/ipv4/ip_forward', 'sysrq-trigger']) {
      // Opening the file for writing shows it and changes nothing.
      expect(await outputOf(`: > /proc/${file}`)).toMatch(/Read-only file system|cannot create/);
    }
  });

  test.each([
    'mount -o remount,rw /usr',
    'mount -o remount,bind,rw /usr',
    'umount /proc/sys',
    'umount -l /proc',
    'mount -t proc proc /tmp',
    'mount -t tmpfs tmpfs /tmp',
    'mkdir /tmp/m && mount --bind / /tmp/m',
    'unshare --mount true',
    'unshare --user --map-root-user --mount sh -c "mount -o remount,bind,rw /usr"',
    'unshare --user --map-root-user --mount sh -c "umount /proc/sys"',
    'unshare --user --map-root-user --mount --pid --fork mount -t proc proc /tmp',
    'ip link add x type dummy',
    'chroot /proc/1/root/.. ls /root',
  ])('may not %s', async (command) => {
    expect((await sh(command)).exit).not.toBe(0);
  });

  test.each<[string, object, object, string]>([
    ['mountPath', { mountPath: '/probe/../../../etc/written-by-a-test' }, { emptyDir: {} }, "must not contain '..'"],
    ['subPath', { mountPath: '/probe', subPath: '../../../../etc' }, { emptyDir: {} }, 'does not support subPath'],
    ['source', { mountPath: '/probe' }, { hostPath: { path: '/etc' } }, 'supports emptyDir only'],
  ])('is refused a volume whose %s leads out of it', async (what, mount, source, message) => {
    const name = what.toLowerCase();
    const container = curl({ volumeMounts: [{ name: 'v', ...mount }] });
    const options = { volumes: [{ name: 'v', ...source }] };
    await cluster.create(namespace(name), ...pod(name, 'client', [container], options));
    const waiting = await eventually('refused', async () => {
      const found = await cluster.get({ apiVersion: 'v1', kind: 'Pod', namespace: name, name: 'client' });
      const [status] = (found.status?.['containerStatuses'] ?? []) as { state: { waiting?: { message?: string } } }[];
      return status?.state.waiting?.message;
    });
    expect(waiting).toContain(message);
  });

  test('sees no process but its own, and has no more rights than Docker leaves to a container', async () => {
    const [first, ...others] = (await outputOf('for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline; echo; done'))
      .trim()
      .split('\n');
    expect(first).toMatch(/^sh -c trap/);
    expect(others.join('\n')).not.toMatch(/meshproof|unshare|main\.js/);
    const rights = Number.parseInt(
      /CapEff:\s+([0-9a-f]+)/.exec(await outputOf('cat /proc/self/status'))?.[1] ?? '',
      16,
    );
    expect(rights).toBe(0xa80425fb);
    const ofFirst = Number.parseInt(/CapBnd:\s+([0-9a-f]+)/.exec(await outputOf('cat /proc/1/status'))?.[1] ?? '', 16);
    expect(ofFirst).toBe(0xa80425fb);
  });
});

function commandPath(name: string): string {
  return realpathSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim());
}

/** The path that `meshproof sandbox` prints. @throws Error where it ends without one */
async function kubeconfigFrom(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the output of the sandbox is not a pipe');
  for await (const line of createInterface({ input: child.stdout })) {
    const path = /^export KUBECONFIG=(.*)$/.exec(line)?.[1];
    if (path !== undefined) return path;
  }
  throw new Error('the sandbox ended without a kubeconfig');
}
