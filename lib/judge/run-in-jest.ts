import { type Asker, withAsker } from './asker.ts';
import { runner } from './client.ts';
import type { ClaimKey } from './protocol.ts';
import type { ClaimBody } from './registry.ts';

/**
 * Runs one claim as often as the runner asks for: again after the environment was disturbed, again where --retries grants it.
 * @param more whether other claims are begun right after it
 * @throws Error with the verdict and its reason, for jest's and Allure's sake; the runner has it already
 */
export async function runClaim(claim: ClaimKey, body: ClaimBody, more: boolean): Promise<void> {
  const client = runner();
  const asker: Asker = { ask: (method, params) => client.call(method, params, claim) };
  for (let isFirst = true; ; isFirst = false) {
    const { go, reason: why } = await client.call('begin', { more: isFirst && more }, claim);
    if (!go) throw new Error(`not run: ${why}`);
    let error: string | undefined;
    try {
      await withAsker(asker, body);
    } catch (thrown) {
      error = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    }
    const { again, verdict, reason } = await client.call('end', error === undefined ? {} : { error }, claim);
    if (again) continue;
    if (verdict === 'passed' || verdict === 'flaky') return;
    throw new Error(`${verdict}: ${reason}`);
  }
}
