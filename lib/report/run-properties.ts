import type { RunSummary } from './summary.ts';

/** What a report has to say about its run, whatever its format: so that no verdict can be taken for that of another mesh. */
export function runProperties(summary: RunSummary): Record<string, string> {
  return {
    run: summary.runId,
    mesh: summary.mesh.name,
    'mesh.version': summary.mesh.version ?? 'not observed',
    'driver.version': summary.mesh.declared ?? 'not known',
    'driver.verified': driverWords(summary.mesh.verified),
    provider: summary.provider,
    kubernetes: summary.kubernetes ?? 'not observed',
    sandbox: summary.sandbox ? 'true: this run says nothing about a real mesh' : 'false',
    meshproof: summary.version,
  };
}

function driverWords(verified: boolean | undefined): string {
  if (verified === undefined) return 'not known';
  return verified ? 'true' : 'false: this driver was never seen working';
}
