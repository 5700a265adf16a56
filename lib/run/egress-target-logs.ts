import { ServerLog } from '../probe/index.ts';
import type { EgressTargetServers } from '../providers/index.ts';

/** The logs of servers beside the cluster, by the server's `app`. */
export interface EgressTargetLogs {
  of(app: string): ServerLog | undefined;
  close(): void;
}

/** Follows the log of every server beside the cluster; of none where there are none. */
export function followEgressTarget(
  outside: EgressTargetServers | undefined,
  log: (line: string) => void,
): EgressTargetLogs {
  const logs = new Map<string, ServerLog>();
  if (outside !== undefined) {
    for (const { app, namespace, logContainer } of Object.values(outside.servers)) {
      logs.set(app, new ServerLog(outside, { namespace, pod: app, container: logContainer }, log));
    }
  }
  return {
    of: (app) => logs.get(app),
    close: () => {
      for (const each of logs.values()) each.close();
    },
  };
}
