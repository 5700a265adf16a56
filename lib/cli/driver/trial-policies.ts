import { stringify } from 'yaml';
import type { Manifest } from '../../cluster/cluster.ts';
import { hello, partyOf, request, skipped, type Trial } from './trial-context.ts';

const policies = [
  { protocol: 'tcp', server: 'tcp-echo', port: 9000, to: hello },
  { protocol: 'http', server: 'httpbin', port: 14001, to: request },
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
  const isAllowed = await transcript.step(`allow ${protocol}`, async () => {
    for (const object of objects) {
      await cluster.apply(object);
      made.unshift(object);
    }
    return bench.comes(
      [
        [to('curl'), 'answered'],
        [to('visitor'), 'refused'],
      ],
      mesh.budget('policy'),
      hints,
    );
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
    return isAllowed ? outcome : `${outcome}; but it was never allowed`;
  });
}

function objectText(object: Manifest): string {
  return stringify(object).trimEnd();
}

function refOf({ apiVersion, kind, metadata: { name, namespace } }: Manifest) {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}
