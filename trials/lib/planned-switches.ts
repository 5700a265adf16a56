import { run } from './program.ts';

/**
 * How often modes have to change, as `--dry-run` says.
 * @throws Error with what meshproof printed
 */
export async function plannedSwitches(words: readonly string[], environment: Record<string, string>): Promise<number> {
  const { status, text } = await run(['run', ...words, '--dry-run', '--json'], { environment });
  if (status !== 0) throw new Error(`--dry-run exits ${status}:\n${text}`);
  return (JSON.parse(text) as { switches: number }).switches;
}
