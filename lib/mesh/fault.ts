import { ClusterError } from '../cluster/cluster.ts';
import { MeshError } from './mesh.ts';

/** What a failed call to the API means for a mesh's driver. Anything but a ClusterError is passed on as it is. */
export function apiFault(doing: string, error: unknown): unknown {
  if (!(error instanceof ClusterError)) return error;
  const remedy =
    error.code === 'invalid' || error.code === 'not-found'
      ? 'correct the driver, or the version of the mesh'
      : undefined;
  return new MeshError('environment', `${doing}: ${error.message}`, remedy);
}
