import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';

/** Longest that one question to this machine may take, ms. */
const questionMs = 10_000;

/** How a command answered. */
export type Answer = { ok: true; stdout: string } | { ok: false; isMissing: boolean; problem: string };

/** Asks a command something; never rejects, and takes ten seconds at most. */
export async function ask(command: string, args: string[]): Promise<Answer> {
  const result = await execa(command, args, {
    timeout: questionMs,
    killSignal: 'SIGKILL',
    reject: false,
    stdin: 'ignore',
  });
  if (!result.failed) return { ok: true, stdout: result.stdout.trim() };
  if (result.code === 'ENOENT') return { ok: false, isMissing: true, problem: 'not installed' };
  if (result.timedOut) return { ok: false, isMissing: false, problem: `no answer within ${questionMs / 1000} s` };
  const words = result.stderr.trim().split('\n').at(-1) || result.shortMessage || 'failed';
  return { ok: false, isMissing: false, problem: words };
}

/** Path of a command, or undefined where the PATH does not lead to it. */
export function onPath(command: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, command))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, not ours to run, or in a folder that cannot be read: in every case no program for us.
    return false;
  }
}
