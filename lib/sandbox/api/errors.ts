/** What the API answers when it does not do what was asked: Kubernetes `Status` objects. */

/** What is wrong with one field. */
export interface Cause {
  field: string;
  message: string;
}

interface Details {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: (Partial<Cause> & { reason?: string })[];
}

export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, never>;
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: Details;
  code?: number;
}

/** A kind's plural and group, as paths and permissions name it. */
export interface GroupResource {
  group: string;
  plural: string;
}

export function statusWith(status: Status['status'], more: Partial<Status>): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status, ...more };
}

export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: Status;
  /** @param code - the HTTP status */
  constructor(code: number, reason: string, message: string, details: Details = {}) {
    super(message);
    this.status = statusWith('Failure', { message, reason, details, code });
  }
}

/** `deployments.apps`, or `pods` for the core group. */
export function qualified({ group, plural }: GroupResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** An object's place in the details of a Status. */
export function about({ group, plural }: GroupResource, name: string): Details {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural };
}

export function notFound(resource: GroupResource, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${qualified(resource)} "${name}" not found`, about(resource, name));
}

/** For a path that the API does not have. Clients then look for another version or group. */
export function noSuchPath(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource');
}

export function conflict(resource: GroupResource, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`;
  return new ApiError(409, 'Conflict', message, about(resource, name));
}

export function forbidden(resource: GroupResource, name: string, why: string): ApiError {
  const named = name === '' ? '' : ` "${name}"`;
  return new ApiError(403, 'Forbidden', `${qualified(resource)}${named} is forbidden: ${why}`, about(resource, name));
}

/** The object is well-formed, but some of its fields break rules. */
export function invalid({ group, kind }: { group: string; kind: string }, name: string, causes: Cause[]): ApiError {
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const message = `${qualified({ group, plural: kind })} "${name}" is invalid: ${texts.join(', ')}`;
  return new ApiError(422, 'Invalid', message, { ...about({ group, plural: kind }, name), causes });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
}

/** The Status for whatever was thrown. */
export function statusOf(error: unknown): Status {
  if (error instanceof ApiError) return error.status;
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new ApiError(500, 'InternalError', `Internal error occurred: ${why}`).status;
}
