import type { Admit, Manifest } from '../../contract.ts';
import { qualified } from '../errors.ts';
import type { Fields } from '../json.ts';
import type { Registry } from '../resources/registry.ts';
import { apiVersionOf, type Resource } from '../resources/resource.ts';
import type { Store } from '../store.ts';

/** What every operation on objects works with. */
export interface Core {
  store: Store;
  registry: Registry;
  /** In order; each gets what the one before it returned. */
  admissions: readonly Admit[];
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

/** The stored object, or undefined. */
export function stored(core: Core, resource: Resource, namespace: string, name: string): Manifest | undefined {
  return core.store.get(qualified(resource), namespace, name);
}

/** The object in the version of `resource`. Versions differ in `apiVersion` alone. */
export function inVersion(resource: Resource, object: Manifest): Manifest {
  const apiVersion = apiVersionOf(resource);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** The object in the version that it is stored in. */
export function inStorageVersion(resource: Resource, object: Manifest): Manifest {
  const apiVersion = apiVersionOf({ group: resource.group, version: resource.storageVersion });
  return { ...object, apiVersion, kind: resource.kind };
}

/** Now, as Kubernetes writes it: in whole seconds. */
export function now(): string {
  return timeText(Date.now());
}

/** @param time - milliseconds since 1970 */
export function timeText(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
