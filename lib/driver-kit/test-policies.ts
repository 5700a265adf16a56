import { stringify } from 'yaml';
import { SERVERS } from '../fixtures/table.ts';
import { plainRoute } from '../judge/index.ts';
import { type Manifest, referenceOf } from '../kube/cluster.ts';
import { actorOf, type DriverTest, skipped } from './test-parts.ts';
import { PartFailure } from './transcript.ts';

/** Tests the policies of each protocol. */
export async function testPolicies(test: DriverTest): Promise<void> {
  for (const server of ['tcp-echo', 'httpbin'] as const) await testPolicy(test, server);
}

/** With permissive mode off, a policy lets in one client only, until it is deleted. */
async function testPolicy(test: DriverTest, server: 'tcp-echo' | 'httpbin'): Promise<void> {
  const { protocol, port } = SERVERS[server];
  if (skipped(test, `allow ${protocol}`, `${protocol}-policy`)) return;
  const { environment, judge, transcript, file } = test;
  const { cluster, mesh, fixtures } = environment;
  const { route, target } = mesh.allow({
    name: `curl-to-${server}-${port}`,
    clients: [actorOf(fixtures.clients, 'curl')],
    server: actorOf(fixtures.servers, server),
    ports: [port],
    protocol,
  });
  const objects = [...route, ...target];
  const texts = objects.map((object) => stringify(object).trimEnd());
  const made: Manifest[] = [];
  let letIn: LetIn = 'neither';
  await transcript.part(`allow ${protocol}`, async () => {
    for (const object of objects) {
      await cluster.apply(object);
      made.unshift(object);
    }
    try {
      const outcome = await judge.expect(
        [
          [plainRoute('curl', server), 'answered'],
          [plainRoute('other-client', server), 'refused'],
        ],
        mesh.budget('policy'),
        [`policy.allow.${protocol} in ${file} made these objects:\n${texts.join('\n---\n')}`],
      );
      letIn = 'the client';
      return outcome;
    } catch (error) {
      if (error instanceof PartFailure) letIn = whoWasLetIn(error.answered);
      throw error;
    }
  });
  const remove = async (): Promise<void> => {
    for (const object of made) await cluster.delete(referenceOf(object));
  };
  if (made.length < objects.length) {
    await remove();
    transcript.skip(`forbid ${protocol}`, 'not tested, because not all of the objects could be made');
    return;
  }
  await transcript.part(`forbid ${protocol}`, async () => {
    await remove();
    const hints = [`the objects of policy.allow.${protocol} are deleted`];
    const outcome = await judge.expect([[plainRoute('curl', server), 'refused']], mesh.budget('policy'), hints);
    return `${outcome}${before[letIn]}`;
  });
}

type LetIn = 'the client' | 'both' | 'another' | 'neither';

/** Which clients the policy let in before its deletion, if that was not only the named one. */
const before: Record<LetIn, string> = {
  'the client': '',
  both: '; but before, the policy also let in other-client, which it does not name',
  another: '; but before, the policy let in other-client, which it does not name, and not curl, which it names',
  neither: '; but it was never allowed',
};

/** @param answered - which of curl (0) and other-client (1) were answered at the end */
export function whoWasLetIn(answered: readonly number[]): LetIn {
  if (answered.includes(0)) return answered.includes(1) ? 'both' : 'the client';
  return answered.includes(1) ? 'another' : 'neither';
}
