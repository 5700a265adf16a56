import { didYouMean } from '../words/index.ts';
import type { Driver, DriverSpec, Step } from './driver.ts';
import { fill, fillingFor, placeholderNames, setValues, splice } from './template.ts';

/** What a mesh can promise. A driver declares each as supported, or as unsupported with the reason; claims name what they need. */
export const features = {
  permissive: 'permissive mode can be switched and takes effect',
  egress: 'egress can be switched and takes effect',
  'switch-validation': 'the API refuses an invalid value for a switch',
  'install-modes': 'permissive and egress can be set at installation',
  'tcp-policy': 'a policy opens one TCP port to one identity',
  'http-policy': 'a policy opens HTTP to one identity',
  'several-ports': 'a policy opens several TCP ports to one identity',
  'several-clients': 'a policy opens a port to several identities',
  'additive-policies': 'several policies for one server act together: each opens what it says',
  'route-objects': 'policies consist of routes and targets, and act only while both exist',
  sidecar: 'enrolment shows in each pod: by the proxy container, or by an annotation',
  'strict-mtls': 'servers in the mesh refuse a client outside of it',
  'half-close': 'the mesh relays the end of the client’s input without ending the connection',
} as const;

/** Whether a driver declares a feature supported; if not, its reason. */
export function declares({ spec }: Driver, feature: string): true | { reason: string } {
  if (spec.features.supported.includes(feature)) return true;
  return { reason: spec.features.unsupported?.[feature] ?? `the driver ${spec.name} does not declare ${feature}` };
}

/** The images that a field of a driver names, each once, with the user's `KEY=VALUE` list applied. */
export function driverImages({ spec }: Driver, field: 'images' | 'podImages', sets: readonly string[]): string[] {
  return [...new Set(fill(spec[field] ?? [], fillingFor(spec, sets)))];
}

/** The programs that a driver's installation and switches call, each once. */
export function driverTools({ spec }: Driver): string[] {
  const programs = allSteps(spec).flatMap((step) => ('run' in step ? [step.run[0], step.pipe?.[0]] : []));
  return [...new Set(programs.filter((program) => program !== undefined))];
}

/** For people: `Open Service Mesh v1.2.4 (driver verified with v1.2.4 on 2026-11-21)`. */
export function driverTitle({ spec }: Driver): string {
  const { project, version } = spec.implementation;
  const how =
    spec.verified === false
      ? 'UNVERIFIED driver, never seen working'
      : `driver verified with ${spec.verified.version} on ${spec.verified.date}`;
  return `${project} ${version} (${how})`;
}

/** Every step of installation, removal and switches. */
function allSteps({ install, uninstall, modes }: DriverSpec): Step[] {
  const switches = Object.values(modes).flatMap(({ on = [], off = [] }) => [...on, ...off]);
  return [...install, ...uninstall, ...switches];
}

/** Whether the sandbox can run a driver's mesh: the sandbox has only its own images, and no tools of a mesh. */
export function fitsSandbox(driver: Driver): boolean {
  const named = [...driverImages(driver, 'images', []), ...driverImages(driver, 'podImages', [])];
  const applied = [...JSON.stringify(allSteps(driver.spec)).matchAll(/"image":"(?:\{\{[^|"]*\|)?([^"}]*)/g)];
  const images = [...named, ...applied.map(([, image = '']) => image)];
  return driverTools(driver).length === 0 && images.every((image) => image.startsWith('meshproof/'));
}

/**
 * Why some of the user's `KEY=VALUE` would do nothing: no placeholder of the driver takes the key, and the driver does not
 * pass on what it does not know.
 *
 * @returns a sentence, or undefined if every key is used
 */
export function unusedSets({ spec, file }: Driver, sets: readonly string[]): string | undefined {
  if (JSON.stringify(spec).includes(JSON.stringify(splice))) return undefined;
  const placed = [...placeholderNames(spec)].filter((name) => name.startsWith('set.'));
  const keys = [...Object.keys(spec.variables ?? {}), ...placed.map((name) => name.slice('set.'.length))].sort();
  const unused = [...setValues(sets).keys()].find((key) => !keys.includes(key));
  if (unused === undefined) return undefined;
  const takes = keys.length === 0 ? 'it takes none' : `it takes ${keys.join(', ')}`;
  return `--set ${unused}: the driver ${file} does not use this key${didYouMean(unused, keys)} (${takes})`;
}
