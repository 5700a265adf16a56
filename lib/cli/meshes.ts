import { driverTools, listDrivers, loadDriver } from '../mesh/index.ts';
import { defaultMesh, type RunOptions } from '../plan/index.ts';

/** The mesh that a run with these options tests on a real cluster. */
export function meshOnKind(options: RunOptions): string {
  return options.mesh ?? defaultMesh('kind');
}

/** Commands that a mesh's driver needs on this machine. @throws DriverError where it is unknown or malformed */
export async function toolsOfMesh(mesh: string): Promise<string[]> {
  return driverTools(await loadDriver(mesh));
}

/** Commands that the drivers of this program name, each with the meshes that need it. */
export async function toolsOfDrivers(): Promise<Record<string, string[]>> {
  const meshesOf: Record<string, string[]> = {};
  for (const mesh of await listDrivers()) {
    for (const tool of await toolsOfMesh(mesh)) meshesOf[tool] = [...(meshesOf[tool] ?? []), mesh];
  }
  return meshesOf;
}
