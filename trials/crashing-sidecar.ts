/**
 * A sidecar that crashes at its start is the mesh's fault, and no refusal counts.
 *
 *   npx tsx trials/crashing-sidecar.ts [--node-image REF] [--crash-set KEY=VALUE] -- OPTIONS
 *
 * Runs on a new kind cluster. The value of --crash-set gives the mesh's installer an image that is no sidecar.
 * OPTIONS go to meshproof.
 */
import { summarise } from '../lib/report/index.ts';
import { scriptArguments } from './lib/arguments.ts';
import { claimsOfRefusals } from './lib/claims-of-refusals.ts';
import { startRun } from './lib/live-run.ts';
import { load, printTable, say, seconds } from './lib/table.ts';
import { openWorkFolder } from './lib/work-folder.ts';

const { own, onKind } = scriptArguments({
  'crash-set': { type: 'string', default: 'osm.sidecarImage=curlimages/curl:8.17.0' },
});

async function main(): Promise<number> {
  const workFolder = openWorkFolder('crash');
  const words = ['--provider', 'kind', ...onKind, '--set', own['crash-set']];
  const live = await startRun(words, workFolder.reports, { environment: workFolder.environment });
  const { status, ms, text } = await live.ended;
  const records = live.records();
  const { claims, crashes } = summarise(records);
  const ofRefusals = claimsOfRefusals(records);
  printTable(
    ['claim', 'verdict', 'of a refusal', 'reason'],
    claims.map(({ id, verdict, reason = '' }) => [
      id,
      verdict,
      ofRefusals.has(id) ? 'yes' : '',
      reason.split('\n', 1)[0]?.slice(0, 100) ?? '',
    ]),
  );
  const wrong: string[] = [];
  if (claims.find(({ id }) => id === 'lifecycle/stable')?.verdict !== 'failed')
    wrong.push('lifecycle/stable is not failed');
  for (const { id, verdict } of claims) if (verdict === 'passed' && ofRefusals.has(id)) wrong.push(`${id} passed`);
  if (crashes.length === 0) wrong.push('no crash was recorded');
  if (status !== 1) wrong.push(`exit status ${status}`);
  say(`exit status ${status} after ${seconds(ms)} s, ${crashes.length} crashes (load ${load()})`);
  if (wrong.length === 0) workFolder.remove();
  else say(`not as required: ${wrong.join('; ')}; ${live.folder}\n${text}`);
  return wrong.length === 0 ? 0 : 1;
}

process.exitCode = await main();
