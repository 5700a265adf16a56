import { execa } from 'execa';

/** Time limit of a tool that the script runs, ms. */
const LIMIT_MS = 300_000;

/** What a command prints. @throws Error with its output if it fails */
export async function output(file: string, args: string[]): Promise<string> {
  const { stdout } = await execa(file, args, { timeout: LIMIT_MS, stdin: 'ignore' });
  return stdout;
}

/** The lines of what a command prints. */
export async function lines(file: string, args: string[]): Promise<string[]> {
  return (await output(file, args)).split('\n').filter((line) => line !== '');
}
