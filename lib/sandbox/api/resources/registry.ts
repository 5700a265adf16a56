/** Which kinds there are at the moment. */
import type { KindRef, Manifest } from '../../contract.ts';
import { qualified } from '../errors.ts';
import { builtinResources } from './builtin.ts';
import { customResources } from './custom.ts';
import { apiVersionOf, type Resource } from './resource.ts';

export interface Registry {
  all(): Resource[];
  /** By the parts of a path, such as `apps`, `v1`, `deployments`. */
  byPath(group: string, version: string, plural: string): Resource | undefined;
  byKind(ref: KindRef): Resource | undefined;
  /** A built-in kind, known to be there. */
  builtin(plural: string): Resource;
  isCustom(resource: Resource): boolean;
  /** Takes a custom resource definition's kinds up, in place of what it brought before. */
  define(definition: Manifest): void;
  /** Gives a definition's kinds up. */
  forget(name: string): void;
  /** Calls `listener` after each `define`. */
  onDefined(listener: () => void): void;
}

export function createRegistry(): Registry {
  const custom = new Map<string, Resource[]>();
  const listeners: (() => void)[] = [];
  const all = (): Resource[] => [...builtinResources, ...[...custom.values()].flat()];
  return {
    all,
    byPath: (group, version, plural) =>
      all().find((one) => one.plural === plural && one.group === group && one.version === version),
    byKind: ({ apiVersion, kind }) => all().find((one) => one.kind === kind && apiVersionOf(one) === apiVersion),
    builtin(plural) {
      const found = builtinResources.find((one) => qualified(one) === plural);
      if (found === undefined) throw new Error(`no built-in kind is called ${plural}`);
      return found;
    },
    isCustom: (resource) => !builtinResources.includes(resource),
    define(definition) {
      custom.set(definition.metadata.name, customResources(definition));
      for (const listener of listeners) listener();
    },
    forget(name) {
      custom.delete(name);
    },
    onDefined(listener) {
      listeners.push(listener);
    },
  };
}
