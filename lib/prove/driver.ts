import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

/** A driver file's content, as far as it is changed here. */
export interface DriverFile {
  features: { supported: string[]; unsupported?: { feature: string; reason: string }[] };
  install: { apply?: { kind: string; metadata: { name: string }; spec?: unknown } }[];
  modes: Record<'permissive' | 'egress', Budget>;
  policy: Budget & { allow: unknown };
  [section: string]: unknown;
}

interface Budget {
  converges: string;
  settles: string;
}

/** Changes a driver's content in place. */
export type DriverChange = (driver: DriverFile) => void;

const REFERENCE = fileURLToPath(new URL('../../meshes/reference.yaml', import.meta.url));

/** The reference mesh's driver with some changes, as the text of a file. */
export function driverText(...changes: (DriverChange | undefined)[]): string {
  const driver = parse(readFileSync(REFERENCE, 'utf8'), { merge: true }) as DriverFile;
  for (const change of changes) change?.(driver);
  return stringify(driver, { aliasDuplicateObjects: false });
}

/** Grants every change so long to act and to settle, such as `3s`: the shorter, the sooner a fault is certain. */
export function granting(converges: string, settles: string): DriverChange {
  return ({ modes, policy }) => {
    for (const budget of [modes.permissive, modes.egress, policy]) Object.assign(budget, { converges, settles });
  };
}

/** Replaces words anywhere in the driver, such as an API's version. */
export function wording(replacements: Record<string, string>): DriverChange {
  return (driver) => {
    let text = JSON.stringify(driver);
    for (const [from, to] of Object.entries(replacements)) text = text.replaceAll(from, to);
    Object.assign(driver, JSON.parse(text));
  };
}

const anyPermissive = {
  '"enablePermissiveTrafficPolicyMode":{"type":"boolean"}':
    '"enablePermissiveTrafficPolicyMode":{"x-kubernetes-preserve-unknown-fields":true}',
};
const anyEgress = {
  '"enableEgress":{"type":"boolean"}': '"enableEgress":{"x-kubernetes-preserve-unknown-fields":true}',
};

/** Takes the types out of the switches' schema, so that the API accepts any value. */
export const acceptingAnyValue: DriverChange = wording({ ...anyPermissive, ...anyEgress });

/** The same for egress alone. */
export const acceptingAnyEgress: DriverChange = wording(anyEgress);

/** Has the data plane be known by an annotation of the pods, and not by a container in them. */
export const knownByAnnotation: DriverChange = (driver) => {
  Object.assign(driver, {
    dataPlane: { annotation: { name: 'sandbox.meshproof.dev/transparent-proxy', value: 'sidecar' } },
  });
};

/** Has the installation leave egress at one value, whatever it is told. */
export function installedWithEgress(value: boolean): DriverChange {
  return wording({
    '"enableEgress":"{{modes.egress}}"': `"enableEgress":${value}`,
    '"labels":{"app":"reference-controller"}':
      '"labels":{"app":"reference-controller","egress":"told-{{modes.egress}}"}',
  });
}
