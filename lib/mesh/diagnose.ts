import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

/** One file to write, and how to get its content. */
interface Task {
  file: string;
  collect(): Promise<string>;
}

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
  for (const { file, collect } of tasks) {
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
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, limitMs, `this diagnostic failed: it took more than ${Math.round(limitMs / 1000)} s\n`);
  });
  const collected = collect().catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    return `this diagnostic failed: ${why}\n`;
  });
  try {
    return await Promise.race([collected, over]);
  } finally {
    clearTimeout(timer);
  }
}

async function controlPlaneLogs(driver: Driver, context: MeshContext): Promise<Task[]> {
  const { controlPlane } = driver.spec;
  if (controlPlane === undefined) return [];
  const { namespace } = controlPlane;
  try {
    const pods = await context.cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace });
    return pods.flatMap((pod) => podLogs(context, namespace, pod));
  } catch (error) {
    return [{ file: `${namespace}.log`, collect: () => Promise.reject(error) }];
  }
}

function podLogs(context: MeshContext, namespace: string, pod: Manifest): Task[] {
  const target = (container: string): ContainerRef => ({ namespace, pod: pod.metadata.name, container });
  return [
    ...containerNames(pod).map((container) => logTask(context, target(container), false)),
    ...restartedContainers(pod).map((container) => logTask(context, target(container), true)),
  ];
}

function logTask(context: MeshContext, target: ContainerRef, previous: boolean): Task {
  return {
    file: `${target.namespace}-${target.pod}-${target.container}${previous ? '-previous' : ''}.log`,
    collect: () => context.cluster.logs(target, { tailLines: logLines, previous }),
  };
}

function driverTasks(
  { spec }: Driver,
  context: MeshContext,
  pods: readonly { namespace: string; name: string }[],
): Task[] {
  const { sets } = context;
  const values = contextValues(context);
  const ofMesh = fill(spec.diagnostics?.mesh ?? [], fillingFor(spec, sets, values));
  const ofPods = pods.flatMap(({ namespace, name }) => {
    const filling = fillingFor(spec, sets, { ...values, 'pod.namespace': namespace, 'pod.name': name });
    const container = spec.dataPlane?.container;
    return [
      ...(container === undefined ? [] : [logTask(context, { namespace, pod: name, container }, false)]),
      ...fill(spec.diagnostics?.pod ?? [], filling).map((diagnostic) => driverTask(diagnostic, context)),
    ];
  });
  return [...ofMesh.map((diagnostic) => driverTask(diagnostic, context)), ...ofPods];
}

function driverTask(diagnostic: Diagnostic, context: MeshContext): Task {
  const { file } = diagnostic;
  if ('run' in diagnostic) return { file, collect: () => commandOutput(diagnostic.run, context) };
  return {
    file,
    collect: async () => stringify((await context.cluster.list(diagnostic.objects)).map(redactManifest)),
  };
}

async function commandOutput(run: string[], context: MeshContext): Promise<string> {
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
