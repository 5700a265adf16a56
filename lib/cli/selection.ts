import type { Claim } from '../judge/claim.ts';
import { loadDriver } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
import { loadCatalogue, suiteNames } from '../run/suites.ts';
import { faultNames } from '../sandbox/index.ts';
import { checkSuite, selectClaims } from '../schedule/index.ts';
import { didYouMean, UsageError } from '../words/index.ts';
import { type FormerRun, formerRun } from './last-run.ts';

/** RFC 1123 labels, as a kubelet accepts them. */
const DOMAIN = /^[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)*$/;

/**
 * Refuses what is wrong by its name or file alone, before anything heavy is loaded.
 * @throws UsageError for an unknown suite, mesh or fault, and for a malformed driver
 */
export async function refuseWrongNames(options: RunOptions): Promise<void> {
  const suites = await suiteNames();
  for (const suite of options.suites) checkSuite(suite, suites);
  if (options.mesh !== undefined) await loadDriver(options.mesh);
  const { egressTarget, sandboxFault, sandboxDomain } = options;
  if (egressTarget !== undefined) (await import('../run/egress-target.ts')).egressTargetHost(egressTarget);
  if (sandboxDomain !== undefined && !DOMAIN.test(sandboxDomain)) {
    throw new UsageError(`--sandbox-domain: "${sandboxDomain}" is not a domain; write one such as mesh.example`);
  }
  if (sandboxFault !== undefined && !(faultNames as string[]).includes(sandboxFault)) {
    throw new UsageError(
      `--sandbox-fault: there is no fault "${sandboxFault}"${didYouMean(sandboxFault, faultNames)} (docs/faults.md has all)`,
    );
  }
}

/** Runs with every suite: a mesh that crashes is always a finding. */
const ALWAYS = 'lifecycle';

/** The selected claims, and for --rerun-failed the run that they are from. */
export interface SelectedClaims {
  selected: Claim[];
  former?: FormerRun;
}

/**
 * The claims that the options select.
 * @throws UsageError for an unknown claim, or if nothing is selected
 */
export async function selectedClaims(options: RunOptions): Promise<SelectedClaims> {
  const former = options.rerunFailed ? formerRun(options.out) : undefined;
  const wholeSuites = options.suites.length > 0 && options.claims.length === 0;
  const selected = selectClaims(await loadCatalogue(), {
    suites: wholeSuites ? [...options.suites, ALWAYS] : options.suites,
    claims: options.claims,
    extended: options.extended,
    ...(former === undefined ? {} : { onlyIds: former.open }),
  });
  return { selected, ...(former === undefined ? {} : { former }) };
}
