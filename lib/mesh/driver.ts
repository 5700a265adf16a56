import type { Manifest, ObjectRef } from '../kube/cluster.ts';
import type { ModeName } from './mesh.ts';

/** A checked driver file; `meshes/schema.json` explains each field. Placeholders are not filled in yet. */
export interface DriverSpec {
  name: string;
  implementation: { project: string; version: string };
  requires?: { clusterDomain?: string };
  verified: false | { version: string; date: string };
  features: { supported: string[]; unsupported?: Record<string, string> };
  variables?: Record<string, { default: string; description: string }>;
  controlPlane?: { namespace: string; deployments: string[] };
  dataPlane?: { container?: string; annotation?: { name: string; value: string } };
  images?: string[];
  podImages?: string[];
  install: Step[];
  uninstall: Step[];
  enrol?: { namespace?: Marks; pod?: Marks; service?: Marks; client?: Manifest[] };
  host?: string;
  external: ('service' | 'address')[];
  modes: Partial<Record<ModeName, ModeSpec>>;
  policy: TimesSpec & { reach?: 'namespace' | 'mesh'; allow: { tcp?: AllowSpec; http?: AllowSpec } };
  signatures?: Partial<Record<'http' | 'tcp' | 'egress', string[]>>;
  diagnostics?: { mesh?: Diagnostic[]; pod?: Diagnostic[] };
}

/** A checked driver and the file that it came from. */
export interface Driver {
  file: string;
  spec: DriverSpec;
}

export interface Marks {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface TimesSpec {
  converges: string;
  settles: string;
}

export interface ModeSpec extends TimesSpec {
  effect: 'hot' | 'restart' | 'reinstall';
  words?: { on: string; off: string };
  setting?: { object: ObjectRef; path: string[] };
  /** Both are present unless the effect is `reinstall`. */
  on?: Step[];
  off?: Step[];
  invalid?: Attempt[];
}

export interface AllowSpec {
  route?: Manifest[];
  target: Manifest[];
}

export type Step = RunStep | WaitStep | DeleteStep | Attempt;
/** A change that the API may refuse. */
export type Attempt = ApplyStep | PatchStep;

export interface RunStep {
  run: string[];
  pipe?: string[];
  within: string;
  blame?: 'mesh' | 'environment';
}
interface ApplyStep {
  apply: Manifest;
}
interface PatchStep {
  patch: ObjectRef;
  merge: object;
}
interface DeleteStep {
  delete: ObjectRef;
}
export interface WaitStep {
  wait: WaitSpec;
  within: string;
}

/** Exactly one of them is present. */
export interface WaitSpec {
  available?: { namespace: string; name: string };
  established?: string;
  exists?: ObjectRef;
  gone?: ObjectRef;
}

export type Diagnostic =
  | { file: string; run: string[] }
  | { file: string; objects: { apiVersion: string; kind: string; namespace?: string } };
