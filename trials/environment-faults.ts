/**
 * Environment faults during a run: no claim may blame the mesh.
 *
 *   npx tsx trials/environment-faults.ts [--cluster-name NAME] [--node-image REF] [--kind WORDS] [--claims IDS]
 * [--rounds N]
 *       [--seed TEXT] -- OPTIONS
 *
 * Runs on a kept kind cluster. For each kind of environment fault, the seed chooses a claim and a moment within it.
 * OPTIONS go to meshproof.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { openRelay, type Relay } from '../lib/kube/testing/relay.ts';
import { loadDriver } from '../lib/mesh/index.ts';
import { summarise } from '../lib/report/index.ts';
import { type EnvironmentFault, environmentFaults, type Lasted } from './environment-faults/index.ts';
import { scriptArguments, wholeNumber, wordsOf } from './lib/arguments.ts';
import { type Judged, judgeDisturbed } from './lib/judge-faulted.ts';
import { type RunState, standingCluster } from './lib/kept-cluster.ts';
import { type LiveRun, startRun } from './lib/live-run.ts';
import { type SeededDraw, seededDraw } from './lib/seeded-draw.ts';
import { load, printTable, say, seconds } from './lib/table.ts';
import { output } from './lib/tool.ts';
import { openWorkFolder, type WorkFolder } from './lib/work-folder.ts';

const CLAIMS =
  'permissive/on-opens,permissive/off-closes,tcp-routing/allowed-port,egress/off-closes,egress/every-client';

const { own, passed, onKind } = scriptArguments({
  'cluster-name': { type: 'string', default: 'trials' },
  kind: { type: 'string', default: environmentFaults.map(({ name }) => name).join(',') },
  claims: { type: 'string', default: CLAIMS },
  batches: { type: 'string', default: '1' },
  seed: { type: 'string', default: 'meshproof' },
  mesh: { type: 'string', default: 'osm' },
});

interface Struck extends Judged {
  kind: string;
  target: string;
  lasted: Lasted;
}

/** How long each claim takes without an environment fault, ms. @throws Error if one does not pass */
async function undisturbed(standing: RunState, workFolder: WorkFolder): Promise<Map<string, number>> {
  const words = [...standing.words, '--claim', own.claims, '--mesh', own.mesh, ...passed];
  const live = await startRun(words, workFolder.reports, { environment: workFolder.environment });
  const { status, text } = await live.ended;
  if (status !== 0) throw new Error(`without an environment fault, the run does not pass:\n${text}`);
  const claims = summarise(live.records()).claims.filter(({ ms }) => ms > 0);
  return new Map(claims.map(({ id, ms }) => [id, ms]));
}

/** Waits for the chosen moment in the claim. Returns false if the run ends before. */
async function untilMoment(live: LiveRun, claim: string, delayMs: number): Promise<boolean> {
  const begun = await live.until((record) => record.kind !== 'verdict' && 'claim' in record && record.claim === claim);
  if (begun === undefined) return false;
  await pause(delayMs);
  return true;
}

function throughRelay(standing: RunState, workFolder: WorkFolder, relay: Relay): string[] {
  const kubeconfig = join(workFolder.path, 'relayed.kubeconfig');
  writeFileSync(kubeconfig, relayedText(relay), { mode: 0o600 });
  return [
    ...['--provider', 'existing', '--kubeconfig', kubeconfig, '--context', standing.context],
    '--allow-mesh-wide-changes',
  ];
}

let kubeconfigText = '';

function relayedText(relay: Relay): string {
  const config = parse(kubeconfigText);
  relay.redirect(config);
  return stringify(config);
}

async function strike(
  environmentFault: EnvironmentFault,
  target: string,
  delayMs: number,
  dependencies: {
    standing: RunState;
    workFolder: WorkFolder;
    relay: Relay;
    controlPlane: { namespace: string; name: string };
  },
): Promise<Struck[]> {
  const { standing, workFolder, relay, controlPlane } = dependencies;
  const where = environmentFault.relayed ? throughRelay(standing, workFolder, relay) : standing.words;
  const words = [...where, '--claim', own.claims, '--mesh', own.mesh, ...passed];
  const live = await startRun(words, workFolder.reports, { environment: workFolder.environment });
  if (!(await untilMoment(live, target, delayMs))) {
    throw new Error(`${target} never began:\n${(await live.ended).text}`);
  }
  const { cluster, name } = standing;
  const lasted = await environmentFault.carryOut({ cluster, name, relay, controlPlane });
  await live.ended;
  const judged = judgeDisturbed(live.records(), lasted);
  return judged.map((each) => ({ ...each, kind: environmentFault.name, target, lasted, id: live.id }));
}

function rowOf(struck: Struck): (string | number)[] {
  const { kind, target, claim, verdict, disturbed, restarts, violations, reason = '' } = struck;
  const why =
    violations.length > 0 ? violations.join('; ') : verdict === 'inconclusive' ? reason.split('\n', 1)[0] : '';
  return [
    kind,
    claim === target ? `${claim} *` : claim,
    disturbed ? 'yes' : '',
    verdict,
    restarts,
    (why ?? '').slice(0, 160),
  ];
}

async function main(): Promise<number> {
  const chosen = wordsOf(own.kind).map((word) => {
    const found = environmentFaults.find(({ name }) => name === word);
    if (found === undefined)
      throw new Error(`--kind ${word}: there is ${environmentFaults.map(({ name }) => name).join(', ')}`);
    return found;
  });
  const [first, ...others] = wordsOf(own.claims);
  if (first === undefined) throw new Error('--claims names none');
  const draw: SeededDraw = seededDraw(own.seed);
  const workFolder = openWorkFolder('disturb');
  const { controlPlane } = (await loadDriver(own.mesh)).spec;
  const deployment = controlPlane?.deployments[0];
  if (controlPlane === undefined || deployment === undefined) throw new Error(`${own.mesh} has no control plane`);
  const standing = await standingCluster(own['cluster-name'], onKind, workFolder);
  kubeconfigText = await output('kind', ['get', 'kubeconfig', '--name', standing.name]);
  const relay = await openRelay(parse(kubeconfigText).clusters[0].cluster.server);
  const all: Struck[] = [];
  try {
    say(`seed ${own.seed}, cluster ${standing.name}, load ${load()}; runs in ${workFolder.reports}`);
    const usual = await undisturbed(standing, workFolder);
    say(`without an environment fault, ${usual.size} claims pass`);
    for (let batch = 1; batch <= wholeNumber('batches', own.batches); batch += 1) {
      for (const environmentFault of chosen) {
        const question = `${environmentFault.name} ${batch}`;
        const target = draw.one(`claim of ${question}`, [first, ...others]);
        const delayMs = draw.fraction(`moment of ${question}`) * (usual.get(target) ?? 0);
        say(`${environmentFault.name}: strikes ${target} after ${seconds(delayMs)} s (load ${load()})`);
        const struck = await strike(environmentFault, target, delayMs, {
          standing,
          workFolder,
          relay,
          controlPlane: { namespace: controlPlane.namespace, name: deployment },
        });
        const [{ lasted } = { lasted: { from: 0, to: 0 } }] = struck;
        const under = struck.filter(({ disturbed }) => disturbed);
        say(
          `  lasted ${seconds(lasted.to - lasted.from)} s, over ${under.map(({ claim, verdict }) => `${claim} (${verdict})`).join(', ') || 'no claim'}`,
        );
        all.push(...struck);
      }
    }
  } finally {
    relay.close();
    standing.cluster.close();
  }
  printTable(['environment-fault', 'claim (* struck)', 'under way', 'verdict', 'restarts', 'remark'], all.map(rowOf));
  const wrong = all.filter(({ violations }) => violations.length > 0);
  const count = (verdict: string) => all.filter((each) => each.disturbed && each.verdict === verdict).length;
  say(
    `claims during a fault: ${count('passed')} passed, ${count('inconclusive')} inconclusive, ${count('failed')} failed`,
  );
  say(wrong.length === 0 ? 'as required' : `${wrong.length} claims are not as required; runs in ${workFolder.reports}`);
  if (wrong.length === 0) workFolder.remove();
  return wrong.length === 0 ? 0 : 1;
}

process.exitCode = await main();
