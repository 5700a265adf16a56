import { isIPv6 } from 'node:net';
import type { EgressTargetHost } from '../judge/index.ts';
import { ServerLog } from '../probe/index.ts';
import type { EgressTargetServers } from '../providers/index.ts';
import { UsageError } from '../words/index.ts';

const HTTP_PORT = 80;

/**
 * Reads `--egress-target HOST[:PORT]`, an IPv6 address in brackets where a port follows: an HTTP server that echoes as httpbin's `/get` does.
 * @throws UsageError for what is no host, and for a port that is none
 */
export function egressTargetHost(text: string | undefined): EgressTargetHost | undefined {
  if (text === undefined) return undefined;
  const [, bracketed, name, port] = /^(?:\[(.+)\]|([\w.-]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = name ?? [bracketed, text].find((each) => each !== undefined && isIPv6(each));
  const number = port === undefined ? HTTP_PORT : Number(port);
  if (host === undefined || number < 1 || number > 65_535) {
    throw new UsageError(`--egress-target ${text}: write HOST, HOST:PORT or [IPV6]:PORT`);
  }
  return { host, port: number };
}

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
