import type { Actor } from '../fixtures/index.ts';
import type { RouteSpec } from '../judge/index.ts';
import type { Mesh, ModeName } from '../mesh/index.ts';
import type { TestEnvironment } from '../run/bring-up.ts';
import type { Bench } from './bench.ts';
import type { Transcript } from './transcript.ts';

/** What one driver's trial is made with. */
export interface Trial {
  stage: TestEnvironment;
  bench: Bench;
  transcript: Transcript;
  /** Where the driver's author finds its fields. */
  file: string;
  /** As last set. */
  modes: Record<ModeName, boolean>;
  /** Of every time limit. */
  scale: number;
}

const route = (client: string, to: string, protocol: 'http' | 'tcp', port: number): RouteSpec => ({
  client,
  to,
  protocol,
  port,
  by: 'name',
  manner: 'plain',
});
export const request = (client: string): RouteSpec => route(client, 'httpbin', 'http', 14001);
export const hello = (client: string): RouteSpec => route(client, 'tcp-echo', 'tcp', 9000);
export const inMesh = [request('curl'), hello('curl')];
export const outside = [
  route('curl', 'egress-target-httpbin', 'http', 14001),
  route('curl', 'egress-target-tcp-echo', 'tcp', 9000),
];

/** Says of a part that it is not tried, where the driver does not support it. */
export function skipped(transcript: Transcript, mesh: Mesh, title: string, feature: string): boolean {
  const answer = mesh.supports(feature);
  if (answer !== true) transcript.skip(title, `not tried, ${feature} is not supported: ${answer.reason}`);
  return answer !== true;
}

export function partyOf(actor: Actor | undefined) {
  if (actor === undefined) throw new Error('the fixtures lack an actor of the trial');
  const { namespace, serviceAccount, app } = actor;
  return { namespace, serviceAccount, app };
}
