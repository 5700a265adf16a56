/** The fields of a driver file that cases change. */
export interface DriverFile {
  features: { supported: string[]; unsupported?: Record<string, string> };
  install: { apply?: { kind: string; metadata: { name: string }; spec?: unknown } }[];
  modes: Record<'permissive' | 'egress', TimeLimits>;
  policy: TimeLimits & { allow: unknown };
  [section: string]: unknown;
}

interface TimeLimits {
  converges: string;
  settles: string;
}

/** Changes the content of a driver in place. */
export type DriverChange = (driver: DriverFile) => void;

/** Sets the time to act and the time to settle of every change, such as `3s`. */
export function timeLimits(converges: string, settles: string): DriverChange {
  return ({ modes, policy }) => {
    for (const limits of [modes.permissive, modes.egress, policy]) Object.assign(limits, { converges, settles });
  };
}

/** Replaces text anywhere in the driver, such as the version of an API. */
export function replacing(replacements: Record<string, string>): DriverChange {
  return (driver) => {
    let text = JSON.stringify(driver);
    for (const [from, to] of Object.entries(replacements)) text = text.replaceAll(from, to);
    Object.assign(driver, JSON.parse(text));
  };
}

/** Declares that the mesh lacks a feature. @param reason - a sentence */
export function lacking(feature: string, reason: string): DriverChange {
  return ({ features }) => {
    features.supported = features.supported.filter((each) => each !== feature);
    features.unsupported = { ...features.unsupported, [feature]: reason };
  };
}

/** Removes the type of a mode's setting from its schema, so that the API accepts any value. */
export function acceptingAnyValueOf(...settings: string[]): DriverChange {
  return replacing(
    Object.fromEntries(
      settings.map((name) => [
        `"${name}":{"type":"boolean"}`,
        `"${name}":{"x-kubernetes-preserve-unknown-fields":true}`,
      ]),
    ),
  );
}

/** Recognises the data plane by an annotation of the pods instead of a container. */
export const recognisedByAnnotation: DriverChange = (driver) => {
  const annotation = { name: 'sandbox.meshproof.dev/transparent-proxy', value: 'sidecar' };
  Object.assign(driver, { dataPlane: { annotation } });
};

/** The installation sets egress to one value, whatever the run asks for. */
export function installedWithEgress(value: boolean): DriverChange {
  return replacing({
    '"enableEgress":"{{modes.egress}}"': `"enableEgress":${value}`,
    '"labels":{"app":"reference-controller"}':
      '"labels":{"app":"reference-controller","egress":"told-{{modes.egress}}"}',
  });
}
