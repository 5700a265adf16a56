import { controlPlaneGone } from './control-plane-gone.ts';
import { curlDeleted } from './curl-deleted.ts';
import { dnsStopped } from './dns-stopped.ts';
import { execCut } from './exec-cut.ts';
import { execStall } from './exec-stall.ts';
import type { EnvironmentFault } from './fault.ts';
import { nodePaused } from './node-paused.ts';
import { tcpEchoGone } from './tcp-echo-gone.ts';

export type { EnvironmentFault, Lasted, Scene } from './fault.ts';

export const environmentFaults: readonly EnvironmentFault[] = [
  execCut,
  execStall,
  dnsStopped,
  tcpEchoGone,
  curlDeleted,
  nodePaused,
  controlPlaneGone,
];
