import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { ContainerRef, Manifest } from '../kube/cluster.ts';
import { redact } from '../words/index.ts';
import type { Diagnostic, Driver } from './driver.ts';
import { containerNames, restartedContainers } from './install/pods.ts';
import type { MeshContext } from './mesh.ts';
import { commandLine, runDriverCommand } from './steps/run.ts';
import { contextValues, fill, fillingFor } from './template.ts';

/** Time limit of one diagnostic, ms. */
const eachMs = 20_000;
/** Time limit of all diagnostics, ms. Those that have not begun by then are left out. */
const allMs = 120_000;
/** Lines of each container's log. */
const logLines = 2000;

/** A file to write, and how to get its content. */
type Task = [file: string, collect: () => Promise<string>];

/**
 * Writes the logs of control plane and sidecars and the driver's diagnostics into `folder`, without secrets. They run
 * one after another, because the meshes' tools share local ports. If one fails, its file says so.
 *
 * @returns the names of the files
 */
export async function collectDiagnostics(
  driver: Driver,
  context: MeshContext,
  folder: string,
  pods: readonly { namespace: string; name: string }[],
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const deadline = performance.now() + allMs;
  const tasks = [...(await controlPlaneLogs(driver, context)), ...driverTasks(driver, context, pods)];
  const files: string[] = [];
  for (const [file, collect] of tasks) {
    const name = file.replaceAll('/', '_');
    const left = deadline - performance.now();
    const text = await (left > 0
      ? bounded(collect, Math.min(eachMs, left))
      : 'left out: the time for diagnostics was over\n');
    await writeFile(join(folder, name), redact(text));
    files.push(name);
  }
  return files;
}

async function bounded(collect: () => Promise<string>, limitMs: number): Promise<string> {
  const over = new AbortController();
  const late = async () => {
    await delay(limitMs, undefined, { signal: over.signal });
    throw new Error(`it took more than ${Math.round(limitMs / 1000)} s`);
  };
  try {
    return await Promise.race([collect(), late()]);
  } catch (error) {
    return `this diagnostic failed: ${error instanceof Error ? error.message : String(error)}\n`;
  } finally {
    over.abort();
  }
}

async function controlPlaneLogs({ spec }: Driver, context: MeshContext): Promise<Task[]> {
  if (spec.controlPlane === undefined) return [];
  const { namespace } = spec.controlPlane;
  try {
    const pods = await context.cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace });
    return pods.flatMap((pod) => {
      const task = (container: string, previous: boolean): Task =>
        logTask(context, { namespace, pod: pod.metadata.name, container }, previous);
      return [
        ...containerNames(pod).map((container) => task(container, false)),
        ...restartedContainers(pod).map((container) => task(container, true)),
      ];
    });
  } catch (error) {
    return [[`${namespace}.log`, () => Promise.reject(error)]];
  }
}

function logTask({ cluster }: MeshContext, target: ContainerRef, previous: boolean): Task {
  return [
    `${target.namespace}-${target.pod}-${target.container}${previous ? '-previous' : ''}.log`,
    () => cluster.logs(target, { tailLines: logLines, previous }),
  ];
}

function driverTasks(
  { spec }: Driver,
  context: MeshContext,
  pods: readonly { namespace: string; name: string }[],
): Task[] {
  const { mesh = [], pod = [] } = spec.diagnostics ?? {};
  const filled = (diagnostics: Diagnostic[], ofPod: Record<string, string>): Task[] =>
    fill(diagnostics, fillingFor(spec, context.sets, { ...contextValues(context), ...ofPod })).map((diagnostic) => [
      diagnostic.file,
      () => collected(diagnostic, context),
    ]);
  const container = spec.dataPlane?.container;
  const ofPods = pods.flatMap(({ namespace, name }) => [
    ...(container === undefined ? [] : [logTask(context, { namespace, pod: name, container }, false)]),
    ...filled(pod, { 'pod.namespace': namespace, 'pod.name': name }),
  ]);
  return [...filled(mesh, {}), ...ofPods];
}

async function collected(diagnostic: Diagnostic, context: MeshContext): Promise<string> {
  if ('objects' in diagnostic) {
    return stringify((await context.cluster.list(diagnostic.objects)).map(redactManifest));
  }
  const { run } = diagnostic;
  // Dozens of commands would hide the verdicts on the console.
  const reporter = {
    ...context.reporter,
    command: (argv: string[]) => context.reporter.output(`$ ${commandLine(argv)}`),
  };
  const end = await runDriverCommand(run, eachMs, { ...context, reporter });
  if (end.exitCode === 0) return `${end.stdout}\n`;
  const how = end.exitCode === undefined ? `did not end by itself (${end.how})` : `ended with status ${end.exitCode}`;
  return [`this diagnostic failed: ${commandLine(run)} ${how}`, ...end.tail, ''].join('\n');
}

/** An object for people: without a Secret's data, and without what only tools need. */
function redactManifest(manifest: Manifest): Manifest {
  const { managedFields, annotations, ...metadata } = manifest.metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': applied, ...others } = annotations ?? {};
  const shown: Manifest = { ...manifest, metadata: { ...metadata, annotations: others } };
  if (manifest.kind !== 'Secret') return shown;
  for (const field of ['data', 'stringData']) {
    const keys = Object.keys((manifest[field] ?? {}) as object);
    if (keys.length > 0) shown[field] = Object.fromEntries(keys.map((key) => [key, '[redacted]']));
  }
  return shown;
}
