import type { Driver, DriverSpec, Step } from './driver.ts';
import { fillingFor } from './template/filling.ts';
import { fill } from './template/template.ts';

/** Whether a driver declares a feature supported; if not, its reason. */
export function declares({ spec }: Driver, feature: string): true | { reason: string } {
  if (spec.features.supported.includes(feature)) return true;
  return { reason: spec.features.exempt?.[feature] ?? `the driver ${spec.name} does not declare ${feature}` };
}

/** The images that a field of a driver names, each once, with the user's `KEY=VALUE` list applied. */
export function driverImages({ spec }: Driver, field: 'images' | 'podImages', sets: readonly string[]): string[] {
  return [...new Set(fill(spec[field] ?? [], fillingFor(spec, sets)))];
}

/** The programs that a driver's installation and switches call, each once. */
export function driverTools({ spec }: Driver): string[] {
  const programs = allSteps(spec).flatMap((step) =>
    'run' in step ? [step.run[0] ?? [], step.pipe?.[0] ?? []].flat() : [],
  );
  return [...new Set(programs)];
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
export function allSteps({ install, uninstall, modes }: DriverSpec): Step[] {
  const switches = Object.values(modes).flatMap(({ on = [], off = [] }) => [...on, ...off]);
  return [...install, ...uninstall, ...switches];
}
