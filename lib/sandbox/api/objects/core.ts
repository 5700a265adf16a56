import type { Admit, Manifest } from '../../contract.ts';
import { notFound, qualified } from '../errors.ts';
import type { Fields } from '../json.ts';
import type { Registry } from '../resources/registry.ts';
import { apiVersionOf, type Resource } from '../resources/resource.ts';
import type { Store } from '../store.ts';

/** What every operation on objects works with. */
export interface Core {
  store: Store;
  registry: Registry;
  admit: Admit;
  /** What each manager applied last, by the object's uid. */
  applied: Map<string, Map<string, Fields>>;
}

/** How a request or the server itself writes. */
export interface WriteOptions {
  /** Whether unknown fields are an error. Otherwise they are dropped. */
  isStrict: boolean;
  isDryRun: boolean;
}

/** How the server's own controllers write. */
export const internally: WriteOptions = { isStrict: false, isDryRun: false };

/** Names an object of a known kind. */
export interface ObjectName {
  namespace?: string;
  name: string;
}

/** The stored object, or undefined. */
export function find(core: Core, resource: Resource, { namespace = '', name }: ObjectName): Manifest | undefined {
  const object = core.store.get(qualified(resource), namespace, name);
  return object && inVersion(resource, object);
}

/** @throws ApiError 404 without the object */
export function existing(core: Core, resource: Resource, where: ObjectName): Manifest {
  const found = find(core, resource, where);
  if (found === undefined) throw notFound(resource, where.name);
  return found;
}

/** The object in the version of `resource`. Versions differ in `apiVersion` alone. */
export function inVersion(resource: Resource, object: Manifest): Manifest {
  const apiVersion = apiVersionOf(resource);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** A time in ms since 1970, by default now, as Kubernetes writes it: in whole seconds. */
export function timeText(time = Date.now()): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
