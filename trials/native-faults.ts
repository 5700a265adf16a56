/**
 * Faults of a real mesh, each made with the mesh's own API, and the claims that must notice it.
 *
 *   npx tsx trials/native-faults.ts --mesh NAME [--cluster-name NAME] [--node-image REF] [--fault NAME,NAME] -- OPTIONS
 *
 * On a kept kind cluster, applies the objects of a fault, runs the claims that it names, and deletes the objects. In
 * the end the same claims run without a fault and must pass, so that they caught the fault and not the mesh. The faults
 * are in trials/native-faults/NAME.yaml. OPTIONS go to meshproof.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Cluster, Manifest } from '../lib/kube/index.ts';
import { summarise } from '../lib/report/index.ts';
import { scriptArguments, wordsOf } from './lib/arguments.ts';
import { enrolledAnew } from './lib/enrolled-anew.ts';
import { type RunState, standingCluster } from './lib/kept-cluster.ts';
import { startRun } from './lib/live-run.ts';
import { patchedDriver } from './lib/patched-driver.ts';
import { load, printTable, say, seconds } from './lib/table.ts';
import { openWorkFolder, type WorkFolder } from './lib/work-folder.ts';

const { own, passed, onKind } = scriptArguments({
  mesh: { type: 'string', default: 'osm' },
  'cluster-name': { type: 'string', default: 'trials' },
  fault: { type: 'string', default: '' },
});

interface Fault {
  name: string;
  description: string;
  /** Objects on the cluster while the claims are judged. */
  objects?: Manifest[];
  /** Merged into the driver. The fixtures are then created again, because only new pods show it. */
  driver?: Record<string, unknown>;
  /** Claims that must fail. */
  claims: string[];
}

interface Outcome {
  status: number | undefined;
  ms: number;
  verdicts: Map<string, { verdict: string; reason: string | undefined }>;
  folder: string;
}

function faultsOf(mesh: string): Fault[] {
  const all = parse(readFileSync(join(import.meta.dirname, 'native-faults', `${mesh}.yaml`), 'utf8')) as Fault[];
  const chosen = wordsOf(own.fault);
  const unknown = chosen.find((name) => !all.some((fault) => fault.name === name));
  if (unknown !== undefined) throw new Error(`--fault ${unknown}: one of ${all.map(({ name }) => name).join(', ')}`);
  return chosen.length === 0 ? all : all.filter(({ name }) => chosen.includes(name));
}

async function judge(mesh: string, claims: string[], standing: RunState, workFolder: WorkFolder): Promise<Outcome> {
  const words = [...standing.words, '--mesh', mesh, '--claim', claims.join(','), ...passed];
  const live = await startRun(words, workFolder.reports, { environment: workFolder.environment });
  const { status, ms } = await live.ended;
  const found = summarise(live.records()).claims;
  return { status, ms, verdicts: new Map(found.map((claim) => [claim.id, claim])), folder: live.folder };
}

async function withFault(fault: Fault, standing: RunState, workFolder: WorkFolder): Promise<Outcome> {
  const { cluster } = standing;
  const { objects = [], driver, claims } = fault;
  try {
    for (const object of objects) await cluster.apply(object);
    if (driver === undefined) return await judge(own.mesh, claims, standing, workFolder);
    const file = await patchedDriver(own.mesh, driver, workFolder);
    return await enrolledAnew(cluster, () => judge(file, claims, standing, workFolder));
  } finally {
    await takeAway(cluster, objects);
  }
}

async function takeAway(cluster: Cluster, objects: readonly Manifest[]): Promise<void> {
  for (const { apiVersion, kind, metadata } of objects) {
    const { name, namespace } = metadata;
    await cluster.delete({ apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) });
  }
}

async function main(): Promise<number> {
  const faults = faultsOf(own.mesh);
  const workFolder = openWorkFolder('native-faults');
  const standing = await standingCluster(own['cluster-name'], ['--mesh', own.mesh, ...onKind], workFolder);
  const rows: (string | number)[][] = [];
  let isRight = true;
  try {
    for (const fault of faults) {
      const { status, ms, verdicts, folder } = await withFault(fault, standing, workFolder);
      for (const id of fault.claims) {
        const { verdict = 'not judged', reason = '' } = verdicts.get(id) ?? {};
        const isCaught = verdict === 'failed' && status === 1;
        isRight &&= isCaught;
        rows.push([
          fault.name,
          id,
          verdict,
          isCaught ? 'caught' : 'MISSED',
          seconds(ms),
          reason.split('\n', 1)[0] ?? '',
        ]);
        say(`${fault.name}: ${id} ${verdict}${isCaught ? '' : ` (MISSED, ${folder})`}`);
      }
    }
    const claims = [...new Set(faults.flatMap((fault) => fault.claims))];
    const { status, ms, verdicts, folder } = await judge(own.mesh, claims, standing, workFolder);
    for (const [id, { verdict, reason = '' }] of verdicts) {
      isRight &&= verdict === 'passed';
      rows.push(['(no fault)', id, verdict, verdict === 'passed' ? 'not accused' : 'ACCUSED', seconds(ms), reason]);
    }
    say(`no fault: exit status ${status}, ${folder}`);
  } finally {
    standing.cluster.close();
  }
  printTable(['fault', 'claim', 'verdict', '', 'run s', 'reason'], rows);
  say(`${faults.length} faults of ${own.mesh}: ${isRight ? 'as required' : 'NOT as required'} (load ${load()})`);
  if (isRight) workFolder.remove();
  else say(`runs in ${workFolder.reports}`);
  return isRight ? 0 : 1;
}

process.exitCode = await main();
