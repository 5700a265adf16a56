/**
 * Checks that a run whose end fails leaves a shared cluster as it was.
 *
 *   npx tsx trials/run-ends.ts [--cluster-name NAME] [--node-image REF] [--mesh NAME] [--claim IDS] -- OPTIONS
 *
 * Uses a kept kind cluster as `existing`. The end of a run fails in four ways while permissive mode is off: its reports
 * are removed; its disk is full after a claim has failed; its evidence exceeds 512 MiB; nothing can be printed. Each
 * time the cluster must be as before after the run. Needs root, because it mounts a small disk. OPTIONS go to
 * meshproof. --claim names claims: one must fail on the mesh, and others must switch permissive mode off.
 */
import { appendFileSync, mkdirSync, readdirSync, renameSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { EvidenceRecord } from '../lib/evidence/index.ts';
import { loadDriver } from '../lib/mesh/index.ts';
import { scriptArguments } from './lib/arguments.ts';
import { standingCluster } from './lib/kept-cluster.ts';
import { type LiveRun, startRun } from './lib/live-run.ts';
import { liveState, untilAsBefore } from './lib/live-state.ts';
import { run, type StartOptions } from './lib/program.ts';
import { printTable, say, seconds } from './lib/table.ts';
import { openWorkFolder } from './lib/work-folder.ts';

const { own, passed, onKind } = scriptArguments({
  'cluster-name': { type: 'string', default: 'trials' },
  mesh: { type: 'string', default: 'osm' },
  claim: { type: 'string', default: 'tcp-routing/half-close,permissive/off-closes,permissive/off-obeys-policy' },
});

/** More characters than a JavaScript string can have. */
const LARGE = 600 * 1024 * 1024;
const DISK = '3m';

interface Trigger {
  name: string;
  /** Statuses that the run may end with. */
  statuses: number[];
  /** What the run has to print; absent where nothing can be printed. */
  prints?: RegExp;
  options?: StartOptions;
  /** Makes the end fail, once a claim has a verdict. */
  act(live: LiveRun): void;
}

const isVerdict = (record: EvidenceRecord) => record.kind === 'verdict' && record.verdict !== 'unsupported';

function triggersIn(reports: string): Trigger[] {
  return [
    {
      name: 'reports removed',
      statuses: [3],
      prints: /evidence\.jsonl is incomplete: it was deleted or replaced/,
      // In one step: the run may be writing into it.
      act: () => renameSync(reports, `${reports}-gone`),
    },
    { name: 'disk full', statuses: [3], prints: /is incomplete: ENOSPC/, act: () => fill(join(reports, 'full')) },
    {
      name: 'evidence of more than 512 MiB',
      statuses: [0, 1],
      prints: /claims?: /,
      act: ({ folder }) => {
        const file = join(folder, 'evidence.jsonl');
        truncateSync(file, statSync(file).size + LARGE);
        appendFileSync(file, '\n');
      },
    },
    {
      name: 'nothing can be printed',
      statuses: [3],
      options: { through: ['sh', '-c', 'exec "$@" > /dev/full', 'sh'] },
      act: () => undefined,
    },
  ];
}

function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, 'x'.repeat(512));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

/** Mounts a small disk on a folder during some work. */
async function onSmallDisk<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', folder]);
  try {
    return await work();
  } finally {
    // What reads the evidence keeps it open.
    await execa('umount', ['--lazy', folder]);
  }
}

async function main(): Promise<number> {
  const workFolder = openWorkFolder('ends');
  const { environment } = workFolder;
  const standing = await standingCluster(own['cluster-name'], onKind, workFolder);
  const driver = await loadDriver(own.mesh);
  const look = () => liveState(standing.cluster, driver);
  const before = await look();
  const existing = ['--provider', 'existing', '--kubeconfig', standing.kubeconfig, '--context', standing.context];
  const words = [...existing, '--allow-mesh-wide-changes', '--mesh', own.mesh, '--claim', own.claim, ...passed];
  const entries = () =>
    readdirSync(join(environment['XDG_STATE_HOME'] ?? '', 'meshproof', 'runs')).filter((name) =>
      name.endsWith('.json'),
    );
  const kept = entries().length;

  const rows: (string | number)[][] = [];
  let isRight = true;
  for (const [n, name] of triggersIn('')
    .map((each) => each.name)
    .entries()) {
    const reports = join(workFolder.reports, `${n}`);
    mkdirSync(reports);
    const trigger = triggersIn(reports)[n];
    if (trigger === undefined) continue;
    const attempt = async () => {
      const live = await startRun(words, reports, { environment, ...trigger.options });
      const verdict = await live.until(isVerdict);
      if (verdict !== undefined) trigger.act(live);
      return { ...(await live.ended), isInTime: verdict !== undefined };
    };
    const { status, text, ms, isInTime } = await (name === 'disk full' ? onSmallDisk(reports, attempt) : attempt());
    const faults = await untilAsBefore(before, look);
    if (!isInTime) faults.push('no claim was decided');
    if (status === undefined || !trigger.statuses.includes(status)) faults.push(`exits ${status}`);
    if (trigger.prints !== undefined && !trigger.prints.test(text)) faults.push('does not say why');
    if (entries().length !== kept) faults.push(`left in the registry: ${entries().join(', ')}`);
    isRight &&= faults.length === 0;
    rows.push([name, `${status}`, seconds(ms), faults.join('; ') || 'as before']);
    say(`${name}: exits ${status}; ${faults.join('; ') || 'the cluster is as before'}`);
    if (faults.length > 0) say(text);
    if (faults.length > 0) say((await run(['clean'], { environment })).text);
  }
  standing.cluster.close();
  printTable(['the end fails by', 'exit', 'took s', 'cluster'], rows);
  if (isRight) workFolder.remove();
  return isRight ? 0 : 1;
}

process.exitCode = await main();
