import type { Manifest } from '../../kube/cluster.ts';
import type { AllowObjects, AllowRequest, Budget, DoneStep, Mesh, ModeName, Setting } from '../../mesh/mesh.ts';
import type { FakeCluster } from './fake-cluster.ts';
import { SIDECAR } from './fixtures.ts';

const FIELDS: Record<ModeName, string> = { permissive: 'permissive', egress: 'egress' };
const REF = { apiVersion: 'mesh/v1', kind: 'MeshConfig', name: 'mesh-config', namespace: 'mesh-system' };

/** A mesh that writes its modes into one object. The test decides how its traffic behaves. */
export class FakeMesh implements Mesh {
  readonly name = 'fake';
  readonly project = 'Fake';
  readonly declaredVersion = 'v1';
  readonly verified = false;
  readonly file = '';
  readonly controlPlane = { namespace: 'mesh-system', deployments: ['controller'] };
  readonly sidecar = SIDECAR;
  readonly external = ['service'] as const;
  readonly hasWidePolicies: boolean = false;
  readonly images: string[] = [];
  readonly podImages: string[] = [];
  readonly usesDomain = false;
  readonly tools: string[] = [];
  /** The time that every change has. */
  granted: Budget = { convergesMs: 5_000, settlesMs: 2_000 };
  /** What `testInvalid` finds. */
  invalid: { step: DoneStep; refused: boolean; message: string }[] = [];
  /** When its switches act. */
  acts: 'hot' | 'restart' | 'reinstall' = 'hot';
  private readonly cluster: FakeCluster;

  constructor(cluster: FakeCluster) {
    this.cluster = cluster;
  }

  supports(): true {
    return true;
  }

  budget(): Budget {
    return this.granted;
  }

  expectedSignatures(): string[] {
    return ['not-reached'];
  }

  setting(mode: ModeName): Setting {
    return { ref: REF, path: ['spec', FIELDS[mode]] };
  }

  effect(): FakeMesh['acts'] {
    return this.acts;
  }

  /** The object with both modes, one of them with this value. */
  async config(mode: ModeName, value: unknown): Promise<Manifest> {
    const present = await this.cluster.get(REF);
    const { apiVersion, kind, name, namespace } = REF;
    const spec = { ...(present?.['spec'] as object | undefined), [FIELDS[mode]]: value };
    return { apiVersion, kind, metadata: { name, namespace }, spec };
  }

  async switchMode(mode: ModeName, value: boolean): Promise<DoneStep[]> {
    await this.cluster.patch(REF, { spec: (await this.config(mode, value))['spec'] });
    return [{ patch: REF }];
  }

  async testInvalid() {
    return this.invalid;
  }

  allow({ name, clients, server, ports }: AllowRequest): AllowObjects {
    const metadata = { name, namespace: server.namespace };
    return {
      route: [{ apiVersion: 'specs/v1', kind: 'TCPRoute', metadata, spec: { ports } }],
      target: [{ apiVersion: 'access/v1', kind: 'TrafficTarget', metadata, spec: { sources: clients, to: server } }],
    };
  }

  enrol(manifest: Manifest): Manifest {
    return manifest;
  }
  install(): never {
    return unused('installs');
  }
  uninstall(): never {
    return unused('uninstalls');
  }
  isInstalled(): never {
    return unused('asks for an installation');
  }
  observedVersion(): never {
    return unused('asks for a version');
  }
  expectServed(): never {
    return unused('asks what is served');
  }
  diagnose(): never {
    return unused('diagnoses');
  }
}

function unused(what: string): never {
  throw new Error(`nothing that is judged ${what}`);
}
