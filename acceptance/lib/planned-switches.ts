import { run } from './program.ts';

/**
 * How often modes have to change, as `--plan` says.
 * @throws Error with what meshproof printed
 */
export async function plannedSwitches(words: readonly string[], environment: Record<string, string>): Promise<number> {
  const { status, text } = await run(['run', ...words, '--plan', '--json'], { environment });
  if (status !== 0) throw new Error(`--plan exits ${status}:\n${text}`);
  return (JSON.parse(text) as { switches: number }).switches;
}
