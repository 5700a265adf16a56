import { ClusterError } from '../kube/cluster.ts';
import { redactValue } from '../words/index.ts';
import { driverObjects } from './checks/named-objects.ts';
import { withSamples } from './checks/placeholders.ts';
import { collectDiagnostics } from './diagnose.ts';
import type { Driver, DriverSpec, ModeSpec } from './driver.ts';
import { enrolManifest, serviceValues } from './enrol.ts';
import { apiFault, MeshError } from './errors.ts';
import { declares, driverImages, driverTools } from './facts.ts';
import { knowingVersion, missingDeployments, versionOn } from './install/control-plane.ts';
import { install } from './install/install.ts';
import type { Mesh, MeshContext, ModeName } from './mesh.ts';
import { expectVersion } from './served.ts';
import { attempt, doSteps } from './steps/steps.ts';
import {
  contextValues,
  durationMs,
  type Filling,
  fill,
  fillingFor,
  partyValues,
  usesDomain,
  type Values,
} from './template.ts';

/** The mesh that a checked driver describes, on one cluster. Does nothing until a method is called. */
export function openMesh(driver: Driver, context: MeshContext): Mesh {
  const { file, spec } = driver;
  const { cluster, sets, timeoutScale } = context;
  const filling = (own: Values = {}): Filling => fillingFor(spec, sets, { ...contextValues(context), ...own });

  const mode = (name: ModeName): ModeSpec => {
    const found = spec.modes[name];
    if (found === undefined) throw new MeshError('environment', `the driver ${spec.name} has no mode ${name}`);
    return found;
  };
  const knowing = <T>(work: () => Promise<T>): Promise<T> => knowingVersion(spec, cluster, work);
  return {
    name: spec.name,
    project: spec.implementation.project,
    declaredVersion: spec.implementation.version,
    verified: spec.verified !== false,
    file,
    controlPlane: spec.controlPlane,
    sidecar: spec.dataPlane?.container,
    hasWidePolicies: spec.policy.reach !== undefined,
    ...(spec.dataPlane?.annotation === undefined ? {} : { podAnnotation: spec.dataPlane.annotation }),
    external: spec.external,
    images: driverImages(driver, 'images', sets),
    podImages: driverImages(driver, 'podImages', sets),
    ...(spec.requires?.clusterDomain === undefined ? {} : { requiredDomain: spec.requires.clusterDomain }),
    usesDomain: usesDomain(spec),
    tools: driverTools(driver),
    supports: (feature) => declares(driver, feature),
    expectedSignatures: (kind) => spec.signatures?.[kind] ?? [],

    budget(of) {
      const { converges, settles } = (of === 'policy' ? spec.policy : spec.modes[of]) ?? noTime;
      return { convergesMs: durationMs(converges, timeoutScale), settlesMs: durationMs(settles, timeoutScale) };
    },

    setting(name) {
      const setting = spec.modes[name]?.setting;
      return setting === undefined ? undefined : { ref: setting.object, path: setting.path };
    },

    install: (modes = {}) => knowing(() => install(spec, modes, context)),

    uninstall: () => knowing(() => doSteps(spec.uninstall, filling(), context, 'uninstall')),

    isInstalled: async () => (await missingDeployments(spec, cluster)).length === 0,

    observedVersion: () => versionOn(spec, cluster),

    expectServed: () =>
      knowing(async () => {
        for (const object of changedLater(spec, sets)) await expectVersion(object, context);
      }),

    enrol: (manifest) => enrolManifest(manifest, fill(marksOf(spec), filling(serviceValues(manifest)))),
    clientObjects: (client) => fill(spec.enrol?.client ?? [], filling(partyValues('client', client))),
    ...(spec.host === undefined
      ? {}
      : { host: (server) => String(fill(spec.host, filling(partyValues('server', server)))) }),

    effect: (name) => mode(name).effect,
    switchMode(name, value) {
      const side = value ? 'on' : 'off';
      const steps = mode(name)[side] ?? [];
      return knowing(() => doSteps(steps, filling(), context, `modes.${name}.${side}`));
    },

    async testInvalid(name) {
      const attempts = [];
      for (const step of fill(mode(name).invalid ?? [], filling())) {
        const message = await refusal(attempt(step, context));
        attempts.push({
          step: redactValue({ ...step }),
          refused: message !== undefined,
          message: message ?? 'accepted',
        });
      }
      return attempts;
    },

    allow({ name, ports, protocol, matches = [{}], clients, server }) {
      const allow = spec.policy.allow[protocol];
      if (allow === undefined) {
        throw new MeshError('environment', `the driver ${spec.name} has no policy for ${protocol}`);
      }
      const { route = [], target } = fill(allow, {
        ...filling({ name, ...partyValues('server', server) }),
        several: [
          clients.map((client) => partyValues('client', client)),
          ports.map((port) => ({ port, 'port.text': String(port) })),
          matches.map((match, index) => ({ match: `match-${index + 1}`, ...match })),
        ],
      });
      return { route, target };
    },

    diagnose: (folder, pods) => collectDiagnostics(driver, context, folder, pods),
  };
}

/** Time limits of a mode that the mesh lacks. */
const noTime = { converges: '0ms', settles: '0ms' };

/** The kinds that a run changes after the installation, each once. */
function changedLater(spec: DriverSpec, sets: readonly string[]): { apiVersion: string; kind: string }[] {
  const objects = driverObjects(withSamples({ ...spec, install: [], uninstall: [] }, sets));
  const kinds = objects.map(({ apiVersion, kind }) => ({ apiVersion, kind }));
  return [...new Map(kinds.map((each) => [`${each.apiVersion} ${each.kind}`, each])).values()];
}

/** What is merged into manifests, without the objects made beside them. */
function marksOf({ enrol }: DriverSpec): Pick<NonNullable<DriverSpec['enrol']>, 'namespace' | 'pod' | 'service'> {
  const { client: _, ...marks } = enrol ?? {};
  return marks;
}

/** How the API refused the content of a change; undefined if it accepted it. @throws MeshError for another answer */
async function refusal(change: Promise<void>): Promise<string | undefined> {
  try {
    await change;
    return undefined;
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'invalid') return error.message;
    throw apiFault('trying a value that the mesh must refuse', error);
  }
}
