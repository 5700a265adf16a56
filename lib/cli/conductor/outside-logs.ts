import type { OutsideServers } from '../../cluster/provider/index.ts';
import { ServerLog } from '../../probe/index.ts';

/** The logs of servers beside the cluster, by the server's `app`. */
export interface OutsideLogs {
  of(app: string): ServerLog | undefined;
  close(): void;
}

/** Follows the log of every server beside the cluster; of none where there are none. */
export function followOutside(outside: OutsideServers | undefined, log: (line: string) => void): OutsideLogs {
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
