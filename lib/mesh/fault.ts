import { ClusterError } from '../kube/cluster.ts';
import { redact } from '../words/index.ts';
import { MeshError } from './mesh.ts';

/**
 * What a failed call to the API means for a mesh's driver. Anything but a ClusterError is passed on as it is.
 * @param doing what for, where the call's own words do not tell
 */
export function apiFault(doing: string | undefined, error: unknown): unknown {
  if (!(error instanceof ClusterError)) return error;
  const remedy =
    error.code === 'invalid' || error.code === 'not-found'
      ? 'correct the driver, or the version of the mesh'
      : undefined;
  const message = redact(withoutObjects(error.message));
  return new MeshError('environment', doing === undefined ? message : `${doing}: ${message}`, remedy);
}

/** API servers repeat the whole object before they come to what is wrong with it. */
function withoutObjects(message: string): string {
  return message.replace(/Invalid value: "\{(?:\\.|[^"\\])*"/g, 'Invalid value');
}
