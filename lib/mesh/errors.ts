import { ClusterError } from '../kube/cluster.ts';
import { MeshproofError, redact, type Whose } from '../words/index.ts';

/** A driver or its mesh failed. */
export class MeshError extends MeshproofError {
  override name = 'MeshError';
  /**
   * `version`: the cluster serves what the driver names in another version. `absence`: what the driver names is missing,
   * which is the mesh's fault only if it is the version that the driver is for.
   */
  readonly about?: 'version' | 'absence';
  constructor(whose: Whose, message: string, remedy?: string, about?: MeshError['about']) {
    super(whose, message, remedy);
    if (about !== undefined) this.about = about;
  }
}

/**
 * What a failed call to the API means for a driver; anything but a ClusterError is returned as it is.
 * @param doing - the purpose of the call, if its own message does not say it
 */
export function apiFault(doing: string | undefined, error: unknown): unknown {
  if (!(error instanceof ClusterError)) return error;
  const isDrivers = error.code === 'invalid' || error.code === 'not-found';
  const remedy = isDrivers ? 'correct the driver, or the version of the mesh' : undefined;
  // API servers repeat the whole object before they name the error.
  const message = redact(error.message.replace(/Invalid value: "\{(?:\\.|[^"\\])*"/g, 'Invalid value'));
  return new MeshError('environment', doing === undefined ? message : `${doing}: ${message}`, remedy);
}
