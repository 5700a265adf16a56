import type { FaultName } from '../../sandbox/index.ts';
import type { Case } from './case.ts';

/** Claims that are under way when the fault comes. */
const UNDER_WAY = ['tcp-routing/other-port', 'permissive/switches', 'egress/switches'];

/** Probes go through sessions of exec and logs that are open already; unmeshed controls and controls vouch for them. */
const SESSIONS_GO_ON = 'what is open goes on, and what is seen through it can be trusted';

/** An answer of the probes' agent is a frame with a digest. */
const FRAMES_TELL = 'what a probe prints comes in frames with a digest, and other lines are no part of them';

function failing(name: FaultName, says: string, facts: Pick<Case, 'trusted'> = {}): Case {
  return {
    name,
    kind: 'environment',
    area: 'environment',
    says,
    fault: name,
    ...facts,
    alongside: UNDER_WAY,
    caughtBy: [],
  };
}

/** Clusters that fail for five seconds: never the mesh's fault. */
export const environmentCases: Case[] = [
  failing('exec-loses-stdout', 'exec loses what commands print'),
  failing('exec-adds-a-line', 'exec adds a line to what commands print', { trusted: FRAMES_TELL }),
  failing('exec-mixes-two-outputs', 'exec gives what one command printed to another'),
  failing('exec-loses-the-status', 'exec ends without saying how the command ended'),
  failing('exec-reports-0-for-killed', 'exec reports 0 for commands that were killed'),
  failing('api-down', 'the API server is gone, and every connection to it is broken off'),
  failing('api-slow', 'the API server takes two seconds over each request', { trusted: SESSIONS_GO_ON }),
  failing('api-answers-500', 'the API server answers 500', { trusted: SESSIONS_GO_ON }),
  failing('api-answers-429', 'the API server answers 429', { trusted: SESSIONS_GO_ON }),
  failing('dns-down', 'names cannot be looked up'),
  failing('server-dead', 'the pod of tcp-echo is gone'),
  failing('node-clock-an-hour-ahead', "the node's clock is an hour ahead", { trusted: 'no verdict rests on it' }),
  {
    name: 'disk-full',
    kind: 'environment',
    area: 'environment',
    says: "the disk under the run's folder fills up after a claim has failed on a wrong mesh",
    fault: 'egress-needs-restart',
    diskKiB: 16_384,
    alongside: UNDER_WAY,
    caughtBy: ['egress/off-closes', 'egress/stays-off', 'egress/switches'],
  },
];
