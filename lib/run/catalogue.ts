import { type RegisteredClaim, registeredClaims } from '../judge/registry.ts';
import { suiteNames } from './suites.ts';

/**
 * The claims of all suites, in the order of the suites' names and of their declaration. Claims declare themselves when
 * their suite is loaded; nothing runs.
 */
export async function loadCatalogue(): Promise<RegisteredClaim[]> {
  for (const suite of await suiteNames()) await import(`../../suites/${suite}.ts`);
  return registeredClaims();
}
