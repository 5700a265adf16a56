import {
  checkNamespaces,
  chosenImages,
  type DeployOptions,
  deployEnrolled,
  deployUnmeshed,
  type Fixtures,
  prepare,
  together,
} from '../fixtures/index.ts';
import type { Cluster, ProviderName } from '../kube/cluster.ts';
import { type Mesh, type MeshContext, type ModeName, openMesh } from '../mesh/index.ts';
import { type EgressTargetServers, imagesLine, uselessLines } from '../providers/index.ts';
import { EnvironmentError } from '../words/index.ts';
import { childNote, type RunContext } from './context.ts';
import { type OnProvided, type ProvidedCluster, provide } from './provided-cluster.ts';

/** A provided cluster with mesh and fixtures. */
export interface TestEnvironment {
  provided: ProvidedCluster;
  cluster: Cluster;
  mesh: Mesh;
  /** Whether this run installed it, so that its modes are those that it was installed with. */
  installed: boolean;
  fixtures: Fixtures;
  /** Servers beside the cluster, where the mesh calls no Service external. */
  egressTarget?: EgressTargetServers;
  /** Replaces the enrolled fixtures' pods. */
  restart(): Promise<void>;
  /** Removes the mesh, installs it with these modes, and enrols the fixtures anew. */
  reinstall(modes: Record<ModeName, boolean>): Promise<void>;
}

/** Longest until all fixtures are Ready, ms. */
const FIXTURES_MS = 120_000;

/**
 * Brings up cluster, mesh and fixtures, side by side where they do not need each other.
 * @param enrolled names of the fixtures to deploy that the mesh enrols
 */
export async function bringUp(
  run: RunContext,
  provider: ProviderName,
  enrolled: readonly string[],
  onProvided: OnProvided,
): Promise<TestEnvironment> {
  const provided = await provide(run, provider, onProvided);
  const failed = new AbortController();
  try {
    return await setUp(run, provided, enrolled, AbortSignal.any([run.interruption.signal, failed.signal]));
  } catch (error) {
    // Otherwise the fixtures would wait, until their time limit, for pods of a cluster that is taken down.
    failed.abort();
    throw error;
  }
}

/** Mesh and fixtures on a cluster. @param signal ends the fixtures' waiting */
async function setUp(
  run: RunContext,
  provided: ProvidedCluster,
  enrolled: readonly string[],
  signal: AbortSignal,
): Promise<TestEnvironment> {
  const { options, driver, inPhase, interruption, say, log } = run;
  const { cluster } = provided;
  log(`while this run goes on: export KUBECONFIG=${provided.kubeconfig}`);
  const context: MeshContext = {
    cluster,
    kubeconfig: provided.kubeconfig,
    sets: options.sets,
    timeoutScale: options.timeoutScale,
    reporter: { command: (argv) => say(`$ ${argv.join(' ')}`), output: log },
    signal: interruption.signal,
    child: childNote(run),
  };
  const mesh = openMesh(driver, context);
  await checkNamespaces(cluster, provided.prefix);
  const images = imageCopier(run, provided, mesh);
  if (provided.loadImages !== undefined) {
    await inPhase('images', 'images that this machine has', () => images.forMesh());
  }

  const isThere = (provided.reused || !options.install) && (await mesh.isInstalled());
  if (!isThere && options.install && !provided.mayInstall) {
    throw new EnvironmentError(
      `${mesh.project} is not installed on this cluster, and a run installs nothing on an existing cluster`,
      'install it first, or name the mesh that is there by --mesh',
    );
  }
  const installed = !isThere && options.install;
  const deploy = {
    ...deployOptions(run, provided, mesh, { renew: !isThere && provided.reused, signal }),
    fixtures: enrolled,
  };
  const dns = provided.waitForDns?.();
  const readyForPods = Promise.all([images.forPods(), dns]);
  const unmeshed = readyForPods.then(() => deployUnmeshed(cluster, deploy));
  // The mesh's failure is reported first; this one must not become an unhandled rejection meanwhile.
  unmeshed.catch((error: unknown) => log(`unmeshed fixtures: ${error}`));
  const domain = learnDomain(mesh, context, provided.clusterDomain ?? (async () => (await unmeshed).clusterDomain));
  domain.catch((error: unknown) => log(`the cluster's domain: ${error}`));
  if (mesh.usesDomain || provided.clusterDomain !== undefined) await domain;
  if (installed) {
    await inPhase('mesh', `${mesh.project}, driver for ${mesh.declaredVersion}`, async () => {
      if (provided.reused) await mesh.uninstall();
      try {
        await mesh.install();
      } catch (error) {
        // Without a name service no mesh comes up, and that is not the mesh's fault.
        await dns;
        throw error;
      }
    });
  }
  if (installed || isThere) await mesh.expectServed();
  const starting = egressTargetServers(provided, mesh, deploy);
  // Its failure is reported below, once the mesh's fixtures are ready or have failed.
  starting.catch((error: unknown) => log(`egress target: ${error}`));
  const fixtures = await inPhase('fixtures', 'httpbin, curl, tcp-echo', async () => {
    await readyForPods;
    const [deployed] = await Promise.all([deployEnrolled(cluster, deploy), domain]);
    return together(withMeshHosts(deployed, mesh), await unmeshed);
  });
  for (const { namespace, pod, container, reason } of fixtures.crashed) {
    say(`${container} in ${namespace}/${pod} does not stay up: ${reason}`);
  }
  const restart = async () => {
    await deployEnrolled(cluster, { ...deploy, renew: true });
  };
  const reinstall = async (modes: Record<ModeName, boolean>) => {
    await mesh.uninstall();
    await mesh.install(modes);
    await restart();
  };
  const egressTarget = await starting;
  return {
    provided,
    cluster,
    mesh,
    installed,
    fixtures,
    restart,
    reinstall,
    ...(egressTarget ? { egressTarget } : {}),
  };
}

/** Servers beside the cluster, for a mesh to which no Service is external. */
async function egressTargetServers(
  provided: ProvidedCluster,
  mesh: Mesh,
  deploy: DeployOptions,
): Promise<EgressTargetServers | undefined> {
  if (mesh.external.includes('service')) return undefined;
  return provided.startEgressTarget?.(await prepare('unmeshed', deploy));
}

/** The fixtures, whose servers have the host names that the mesh gives them. */
function withMeshHosts(enrolled: Fixtures, mesh: Mesh): Fixtures {
  const { host } = mesh;
  if (host === undefined) return enrolled;
  const servers = Object.entries(enrolled.servers).map(([app, server]) => [app, { ...server, host: host(server) }]);
  return { ...enrolled, servers: Object.fromEntries(servers) };
}

function deployOptions(
  { options, runId, log }: RunContext,
  provided: ProvidedCluster,
  mesh: Mesh,
  more: Pick<DeployOptions, 'renew' | 'signal'>,
): DeployOptions {
  return {
    runId,
    prefix: provided.prefix,
    images: options.images,
    ...(options.registry === undefined ? {} : { registry: options.registry }),
    ...(options.pullSecret === undefined ? {} : { pullSecretFile: options.pullSecret }),
    enrol: (manifest: Parameters<Mesh['enrol']>[0]) => mesh.enrol(manifest),
    clientObjects: (client: Parameters<NonNullable<Mesh['clientObjects']>>[0]) => mesh.clientObjects?.(client) ?? [],
    ...(mesh.sidecar === undefined ? {} : { sidecar: mesh.sidecar }),
    timeoutMs: FIXTURES_MS * options.timeoutScale,
    report: log,
    ...more,
  };
}

/**
 * Tells the driver's steps the cluster's domain, if they name it.
 * @throws EnvironmentError where the mesh does not work in a cluster of that domain
 */
export async function learnDomain(
  mesh: Pick<Mesh, 'usesDomain' | 'requiredDomain' | 'project' | 'declaredVersion'>,
  context: Pick<MeshContext, 'clusterDomain'>,
  find: () => Promise<string | undefined>,
): Promise<void> {
  const { requiredDomain, project, declaredVersion } = mesh;
  if (!mesh.usesDomain && requiredDomain === undefined) return;
  const domain = await find();
  if (domain === undefined) {
    if (!mesh.usesDomain) return;
    throw new EnvironmentError(
      "the cluster's domain is not known: the pods' /etc/resolv.conf has no search domain that begins with svc.",
      "set clusterDomain in the kubelet's configuration",
    );
  }
  if (requiredDomain !== undefined && requiredDomain !== domain) {
    throw new EnvironmentError(
      `${project} ${declaredVersion} requires the cluster domain ${requiredDomain}, and this cluster's is ${domain}`,
      `use a cluster whose domain is ${requiredDomain}; with kind: networking.dnsDomain in kubeadm's ClusterConfiguration`,
    );
  }
  context.clusterDomain = domain;
}

/** Copies the images that this machine has: what the installation needs first, the rest while the installation waits. */
function imageCopier({ options, log, say }: RunContext, { loadImages }: ProvidedCluster, mesh: Mesh) {
  const ofMesh = [...new Set([...mesh.images, ...options.loadImages])];
  const ofPods = [...new Set([...mesh.podImages, ...Object.values(chosenImages(options))])];
  const copy = async (refs: string[]): Promise<void> => {
    if (loadImages === undefined) return;
    const result = await loadImages(refs);
    log(imagesLine(result));
    for (const line of uselessLines(result)) say(line);
  };
  return {
    forMesh: () => copy(ofMesh),
    forPods: () => copy(ofPods.filter((ref) => !ofMesh.includes(ref))),
  };
}
