import { run } from './program.ts';

interface Plan {
  switches: number;
  claims: { leaves: Record<string, boolean> }[];
}

/**
 * How often the plan says that modes change between claims, and what `--plan --json` says of the claims' own.
 * @throws Error with what meshproof printed
 */
export async function plannedSwitches(words: readonly string[], environment: Record<string, string>): Promise<number> {
  const { status, text } = await run(['run', ...words, '--plan', '--json'], { environment });
  if (status !== 0) throw new Error(`--plan exits ${status}:\n${text}`);
  return (JSON.parse(text) as Plan).switches;
}
