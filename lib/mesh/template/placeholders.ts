import type { DriverSpec } from '../driver.ts';
import type { MeshContext, ModeName } from '../mesh.ts';
import { placeholders, type Values } from './template.ts';

/** The names of all placeholders within a part of a driver. */
export function placeholderNames(part: unknown): Set<string> {
  const names = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node === 'string') for (const { name } of placeholders(node)) names.add(name);
    else if (typeof node === 'object' && node !== null) for (const item of Object.values(node)) walk(item);
  };
  walk(part);
  return names;
}

/** The modes that the steps of the installation set by themselves. */
export function modesInInstall({ install }: DriverSpec): Set<ModeName> {
  const names = placeholderNames(install);
  return new Set((['permissive', 'egress'] as const).filter((mode) => names.has(`modes.${mode}`)));
}

const DOMAIN = 'cluster.domain';

/** Whether any part of a driver names the cluster's domain. */
export function usesDomain(spec: DriverSpec): boolean {
  return placeholderNames(spec).has(DOMAIN);
}

/** What the run and its cluster give to every step. */
export function contextValues({ kubeconfig, clusterDomain }: MeshContext): Values {
  return { kubeconfig, ...(clusterDomain === undefined ? {} : { [DOMAIN]: clusterDomain }) };
}
