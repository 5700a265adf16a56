import { describe, test } from '@jest/globals';
import { conductor, registeredClaims, runClaim } from '../../claim/index.ts';
import { loadCatalogue } from '../catalogue.ts';

const planned = await conductor().call('claims', {});
await loadCatalogue();
const claims = new Map(registeredClaims().map((claim) => [claim.id, claim]));

for (const { id, run, skip } of planned) {
  const claim = claims.get(id);
  if (claim === undefined) throw new Error(`the plan has a claim that no suite declares: ${id}`);
  describe(claim.suite, () => {
    const name = `[${id}] ${claim.says}${run > 1 ? ` (${run})` : ''}`;
    if (skip) test.skip(name, claim.body);
    else test(name, () => runClaim(id, run, claim.body));
  });
}
