import { runProblems } from './exit.ts';
import type { RunSummary } from './summary.ts';
import { meshTitle, warnings } from './warnings.ts';

/** What a report has to say about its run, whatever its format: so that no verdict can be taken for that of another mesh. */
export function runProperties(summary: RunSummary): Record<string, string> {
  const properties: Record<string, string> = {
    run: summary.runId,
    mesh: summary.mesh.name,
    'mesh.version': summary.mesh.version ?? 'not observed',
    'driver.version': summary.mesh.declared ?? 'not known',
    'under test': meshTitle(summary),
    'driver.verified': driverWords(summary.mesh.verified),
    provider: summary.provider,
    kubernetes: summary.kubernetes ?? 'not observed',
    sandbox: summary.sandbox ? 'true: this run says nothing about a real mesh' : 'false',
    meshproof: summary.version,
  };
  if (summary.sandboxFault !== undefined) properties['sandbox.fault'] = summary.sandboxFault;
  const told = warnings(summary).map(({ title, text }) => `${title}. ${text}`);
  if (told.length > 0) properties['warning'] = told.join(' ');
  const problems = runProblems(summary);
  if (problems.length > 0) properties['problem'] = problems.join('; ');
  return properties;
}

function driverWords(verified: boolean | undefined): string {
  if (verified === undefined) return 'not known';
  return verified ? 'true' : 'false: this driver was never seen working';
}
