/** The kinds that the server has at the moment. */
import type { KindRef, Manifest } from '../../contract.ts';
import { qualified } from '../errors.ts';
import { builtinResources } from './builtin.ts';
import { customResources } from './definitions.ts';
import { apiVersionOf, type Resource } from './resource.ts';

export class Registry {
  readonly #custom = new Map<string, Resource[]>();
  readonly #listeners: (() => void)[] = [];

  all(): Resource[] {
    return [...builtinResources, ...[...this.#custom.values()].flat()];
  }

  /** Finds a kind by the parts of a path, such as `apps`, `v1`, `deployments`. */
  byPath(group: string, version: string, plural: string): Resource | undefined {
    return this.all().find((one) => one.plural === plural && one.group === group && one.version === version);
  }

  byKind({ apiVersion, kind }: KindRef): Resource | undefined {
    return this.all().find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
  }

  /** Finds a kind by the name that the store has for it, such as `deployments.apps`. */
  stored(storage: string): Resource | undefined {
    return this.all().find((one) => qualified(one) === storage);
  }

  /** @throws Error for a name that no built-in kind has */
  builtin(storage: string): Resource {
    const found = builtinResources.find((one) => qualified(one) === storage);
    if (found === undefined) throw new Error(`there is no built-in kind ${storage}`);
    return found;
  }

  /** Adds the kinds of a custom resource definition, or replaces them. */
  define(definition: Manifest): void {
    this.#custom.set(definition.metadata.name, customResources(definition));
    for (const listener of this.#listeners) listener();
  }

  /** Removes the kinds of a custom resource definition. */
  forget(name: string): void {
    this.#custom.delete(name);
  }

  /** Calls `listener` after each `define`. */
  onDefined(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
