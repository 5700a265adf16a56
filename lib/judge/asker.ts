import { AsyncLocalStorage } from 'node:async_hooks';
import type { Answer, Method, Params } from './protocol.ts';

/** Who takes what a claim's body asks for: the runner, or somebody who only wants to know what it would ask. */
export interface Asker {
  ask<M extends Method>(method: M, params: Params<M>): Promise<Answer<M>>;
}

/** Several bodies run side by side in one process, each with its own. */
const present = new AsyncLocalStorage<Asker>();

/** Does a claim's work; whatever it asks for goes to `asker`. */
export function withAsker<T>(asker: Asker, work: () => Promise<T>): Promise<T> {
  return present.run(asker, work);
}

/** What suites' words come down to. @throws Error outside of a claim's body */
export function ask<M extends Method>(method: M, params: Params<M>): Promise<Answer<M>> {
  const asker = present.getStore();
  if (asker === undefined) throw new Error('claims run under "meshproof run" only');
  return asker.ask(method, params);
}
