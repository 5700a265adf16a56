import { describe, test } from '@jest/globals';
import { connectToRunner, runClaim } from '../../judge/ask.ts';
import { loadCatalogue } from '../suites.ts';

const runner = connectToRunner();
const planned = await runner.call('claims', {});
const catalogue = await loadCatalogue();
const claims = new Map(catalogue.map((claim) => [claim.id, claim]));

/** The claims of each repetition, once begun. The runner decides which of them go on side by side. */
const begun = new Map<number, Map<string, Promise<void>>>();

/** The outcome of one claim. The first call of a repetition begins all of its claims. */
function outcome(id: string, run: number): Promise<void> | undefined {
  const known = begun.get(run);
  if (known !== undefined) return known.get(id);
  const together = new Map<string, Promise<void>>();
  begun.set(run, together);
  const own = planned.filter((each) => each.run === run && !each.skip).map((each) => claims.get(each.id));
  own.forEach((claim, i) => {
    if (claim === undefined) return;
    const over = runClaim(runner, { id: claim.id, run }, claim.body, i < own.length - 1);
    // Its own test reports it. Until then nobody waits for it.
    over.catch(() => undefined);
    together.set(claim.id, over);
  });
  return together.get(id);
}

for (const { id, run, skip } of planned) {
  const claim = claims.get(id);
  if (claim === undefined) throw new Error(`no suite declares the planned claim ${id}`);
  describe(claim.suite, () => {
    const name = `[${id}] ${claim.title}${run > 1 ? ` (${run})` : ''}`;
    if (skip) test.skip(name, claim.body);
    else test(name, () => outcome(id, run));
  });
}
