import type { ModeName } from '../mesh/mesh.ts';
import { type Asker, withAsker } from './asker.ts';
import type { Method, Params } from './protocol.ts';
import type { ClaimBody } from './registry.ts';

/** One thing that a claim's body asks for. */
export type Call = { [M in Method]: { method: M; params: Params<M> } }[Method];

/** Everything that a claim's body asks for, in order, when all goes well. */
export async function scriptOf(body: ClaimBody): Promise<Call[]> {
  const calls: Call[] = [];
  const recorder: Asker = {
    ask: async (method, params) => {
      calls.push({ method, params } as Call);
      return null as never;
    },
  };
  await withAsker(recorder, body);
  return calls;
}

/** What a claim takes up while it is under way, as far as it matters for what may be judged beside it. */
export interface ResourceUse {
  /** The clients that it uses. */
  clients: string[];
  /** The modes that it switches. */
  switches: ModeName[];
  /** Whether it makes policies, and so needs clients that no other claim makes policies for. */
  policies: boolean;
  /** Whether nothing may be judged beside it: it replaces pods, removes the mesh, or asks it for what it must not accept. */
  alone: boolean;
}

/** @param isHot false where a switch of a mode acts only on new pods: nothing can then be judged beside any claim */
export function resourceUseOf(script: readonly Call[], isHot = true): ResourceUse {
  const clients = script.flatMap((call): string[] => {
    if (call.method === 'expect') return [...call.params.answered, ...call.params.refused].map(({ client }) => client);
    if (call.method === 'lingerOpen') return [call.params.route.client];
    if (call.method === 'allow') return call.params.policies.map(({ client }) => client);
    return [];
  });
  return {
    clients: [...new Set(clients)].sort(),
    switches: [...new Set(script.flatMap((call) => (call.method === 'mode' ? [call.params.mode] : [])))],
    policies: script.some(({ method }) => method === 'allow'),
    alone: !isHot || script.some(({ method }) => method === 'reinstall' || method === 'invalid'),
  };
}
