import { run } from './program.ts';

/**
 * The number of mode switches that `--dry-run` prints.
 * @throws Error with what meshproof printed
 */
export async function plannedSwitches(words: readonly string[], environment: Record<string, string>): Promise<number> {
  const { status, text } = await run(['run', ...words, '--dry-run', '--json'], { environment });
  if (status !== 0) throw new Error(`--dry-run exits ${status}:\n${text}`);
  return (JSON.parse(text) as { switches: number }).switches;
}
