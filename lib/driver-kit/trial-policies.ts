import { stringify } from 'yaml';
import { SERVERS } from '../fixtures/table.ts';
import type { RouteSpec } from '../judge/index.ts';
import type { Manifest } from '../kube/cluster.ts';
import type { Wanted } from './bench.ts';
import { StepFailure } from './finding.ts';
import { hello, partyOf, request, skipped, type Trial } from './trial-context.ts';

const policies = [
  { ...SERVERS['tcp-echo'], server: 'tcp-echo', to: hello },
  { ...SERVERS.httpbin, server: 'httpbin', to: request },
] as const;

/** Tries the policies of each protocol. */
export async function tryPolicies(trial: Trial): Promise<void> {
  for (const policy of policies) await tryPolicy(trial, policy);
}

/** Permissive mode is off: a policy lets one client in and nobody else, and its deletion ends that. */
async function tryPolicy(trial: Trial, policy: (typeof policies)[number]): Promise<void> {
  const { stage, bench, transcript, file } = trial;
  const { cluster, mesh, fixtures } = stage;
  const { protocol, server, port, to } = policy;
  if (skipped(transcript, mesh, `allow ${protocol}`, `${protocol}-policy`)) return;
  const { route: routes, target } = mesh.allow({
    name: `curl-to-${server}-${port}`,
    client: partyOf(fixtures.clients['curl']),
    server: partyOf(fixtures.servers[server]),
    port,
    protocol,
  });
  const objects = [...routes, ...target];
  const hints = [`policy.allow.${protocol} in ${file} made these objects:\n${objects.map(objectText).join('\n---\n')}`];
  const made: Manifest[] = [];
  let letIn: LetIn = 'neither';
  await transcript.step(`allow ${protocol}`, async () => {
    for (const object of objects) {
      await cluster.apply(object);
      made.unshift(object);
    }
    const wanted = [
      [to('curl'), 'answered'],
      [to('other-client'), 'refused'],
    ] satisfies [RouteSpec, Wanted][];
    try {
      const outcome = await bench.comes(wanted, mesh.budget('policy'), hints);
      letIn = 'the client';
      return outcome;
    } catch (error) {
      if (error instanceof StepFailure) letIn = whoWasLetIn(error.answered);
      throw error;
    }
  });
  if (made.length < objects.length) {
    for (const object of made) await cluster.delete(refOf(object));
    transcript.skip(`forbid ${protocol}`, 'not tried, since not all of the objects could be made');
    return;
  }
  await transcript.step(`forbid ${protocol}`, async () => {
    for (const object of made) await cluster.delete(refOf(object));
    const outcome = await bench.comes([[to('curl'), 'refused']], mesh.budget('policy'), [
      `the objects that allow ${protocol} had made are deleted`,
    ]);
    return `${outcome}${before[letIn]}`;
  });
}

type LetIn = 'the client' | 'both' | 'another' | 'neither';

/** Whom the policy had let in before it was deleted, where that was not the client alone. */
const before: Record<LetIn, string> = {
  'the client': '',
  both: '; but before, the policy had let in other client, too, whom it does not name',
  another: '; but before, the policy had let in other client, whom it does not name, and not curl, whom it names',
  neither: '; but it was never allowed',
};

/** @param answered of curl (0) and other client (1), those who were answered at the end */
export function whoWasLetIn(answered: readonly number[]): LetIn {
  if (answered.includes(0)) return answered.includes(1) ? 'both' : 'the client';
  return answered.includes(1) ? 'another' : 'neither';
}

function objectText(object: Manifest): string {
  return stringify(object).trimEnd();
}

function refOf({ apiVersion, kind, metadata: { name, namespace } }: Manifest) {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}
