import { conductor } from './client.ts';
import type { ClaimBody } from './registry.ts';

/**
 * Runs one claim as often as the conductor asks for: again after the environment was disturbed, again where --retries grants it.
 * @throws Error with the verdict and its reason, for jest's and Allure's sake; the conductor has it already
 */
export async function runClaim(id: string, run: number, body: ClaimBody): Promise<void> {
  const client = conductor();
  for (;;) {
    const { go, reason: why } = await client.call('begin', { id, run });
    if (!go) throw new Error(`not run: ${why}`);
    let error: string | undefined;
    try {
      await body();
    } catch (thrown) {
      error = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    }
    const { again, verdict, reason } = await client.call('end', error === undefined ? {} : { error });
    if (again) continue;
    if (verdict === 'passed' || verdict === 'flaky') return;
    throw new Error(`${verdict}: ${reason}`);
  }
}
