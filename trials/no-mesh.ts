/**
 * Without a mesh, every claim of a refusal fails, and none is inconclusive.
 *
 *   npx tsx trials/no-mesh.ts [--node-image REF] -- OPTIONS
 *
 * OPTIONS go to meshproof.
 */
import { summarise } from '../lib/report/index.ts';
import { scriptArguments } from './lib/arguments.ts';
import { claimsOfRefusals } from './lib/claims-of-refusals.ts';
import { startRun } from './lib/live-run.ts';
import { load, printTable, say, seconds } from './lib/table.ts';
import { openWorkFolder } from './lib/work-folder.ts';

const LIMIT_MS = 180_000;

const { onKind } = scriptArguments({});

async function main(): Promise<number> {
  const workFolder = openWorkFolder('none');
  const live = await startRun(['--mesh', 'none', ...onKind], workFolder.reports, {
    environment: workFolder.environment,
  });
  const { status, ms, text } = await live.ended;
  const records = live.records();
  const ofRefusals = claimsOfRefusals(records);
  const { claims } = summarise(records);
  printTable(
    ['claim', 'verdict', 'of a refusal'],
    claims.map(({ id, verdict }) => [id, verdict, ofRefusals.has(id) ? 'yes' : '']),
  );
  const isRightly = (id: string, verdict: string) =>
    verdict === 'failed' || (verdict === 'passed' && !ofRefusals.has(id));
  const wrong = claims.filter(({ id, verdict }) => !isRightly(id, verdict));
  for (const { id, verdict, reason } of wrong) say(`${id} is ${verdict}: ${reason}`);
  say(`exit status ${status}, ${claims.length} claims in ${seconds(ms)} s (load ${load()})`);
  const isRight = claims.length > 0 && wrong.length === 0 && status === 1 && ms <= LIMIT_MS;
  if (!isRight) say(`not as required; ${live.folder}\n${text}`);
  else workFolder.remove();
  return isRight ? 0 : 1;
}

process.exitCode = await main();
