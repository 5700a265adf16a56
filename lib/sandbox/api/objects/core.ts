import type { Admit, Manifest } from '../../contract.ts';
import { qualified } from '../errors.ts';
import { apiVersionOf, type Registry, type Resource } from '../resources/index.ts';
import type { Store } from '../store.ts';

/** What every operation on objects works with. */
export interface Core {
  store: Store;
  registry: Registry;
  /** In order; each sees what the one before it answered. */
  admissions: readonly Admit[];
  addresses: Addresses;
}

/** The addresses of Services. */
export interface Addresses {
  /** @throws ApiError 422 where the wanted address is taken or outside the range. */
  allocate(service: Manifest): void;
}

/** The object as stored, or undefined. */
export function stored(core: Core, resource: Resource, namespace: string, name: string): Manifest | undefined {
  return core.store.get(qualified(resource), namespace, name);
}

/** The object in the version of `resource`: versions differ in `apiVersion` alone. */
export function inVersion(resource: Resource, object: Manifest): Manifest {
  const apiVersion = apiVersionOf(resource);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** The object in the version that it is stored in. */
export function inStorageVersion(resource: Resource, object: Manifest): Manifest {
  const apiVersion = apiVersionOf({ group: resource.group, version: resource.storageVersion });
  return { ...object, apiVersion, kind: resource.kind };
}

/** Now, as Kubernetes writes it: whole seconds. */
export function now(): string {
  return seconds(Date.now());
}

/** A time in milliseconds as Kubernetes writes it. */
export function seconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
