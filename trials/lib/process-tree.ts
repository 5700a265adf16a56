/** Reads processes from /proc; Linux only. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** All processes of this machine that can be seen. */
export function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A process and everything that it has started, in whatever namespaces. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of processes()) {
    const parent = parentOf(pid);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  // The loop also visits what it adds.
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** A process's proportional set size, bytes: memory that it shares counts by its share. 0 once it has ended. */
export function proportionalSetSize(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(read(pid, 'smaps_rollup'))?.[1];
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1024;
}

/** The user namespace that a process lives in, as the kernel names it: `user:[4026532281]`. */
export function userNamespaceOf(pid: number): string | undefined {
  return unlessGone(() => readlinkSync(`/proc/${pid}/ns/user`));
}

/** A process's command line, for people. */
export function commandOf(pid: number): string {
  return read(pid, 'cmdline').replaceAll('\0', ' ').trim().slice(0, 100);
}

function parentOf(pid: number): number | undefined {
  // The command's name is in brackets, and may contain anything.
  const [, parent] = /^.*\) \S (\d+) /s.exec(read(pid, 'stat')) ?? [];
  return parent === undefined ? undefined : Number(parent);
}

function read(pid: number, what: string): string {
  return unlessGone(() => readFileSync(`/proc/${pid}/${what}`, 'utf8')) ?? '';
}

/** Undefined for a process that has ended, or belongs to another user. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
