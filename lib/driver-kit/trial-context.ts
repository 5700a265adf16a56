import type { Actor } from '../fixtures/index.ts';
import { plainRoute, type RouteSpec } from '../judge/index.ts';
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

export const request = (client: string): RouteSpec => plainRoute(client, 'httpbin');
export const hello = (client: string): RouteSpec => plainRoute(client, 'tcp-echo');
export const inMesh = [request('curl'), hello('curl')];
export const outside = [plainRoute('curl', 'egress-target-httpbin'), plainRoute('curl', 'egress-target-tcp-echo')];

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
