import { isIPv6 } from 'node:net';
import type { EgressTargetHost } from '../judge/index.ts';
import { ServerLog } from '../probe/index.ts';
import type { EgressTargetServers } from '../providers/index.ts';
import { UsageError } from '../words/index.ts';

const HTTP_PORT = 80;

/**
 * Reads `--egress-target HOST[:PORT]`: an HTTP server that echoes as httpbin's `/get` does. An IPv6 address before a port is
 * in brackets.
 * @throws UsageError for a malformed host or port
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

/** The logs of the egress target's servers, by their `app`. */
export interface EgressTargetLogs {
  of(app: string): ServerLog | undefined;
  close(): void;
}

/** Follows the log of every server of the egress target, if there is one. */
export function followEgressTarget(
  egressTarget: EgressTargetServers | undefined,
  log: (line: string) => void,
): EgressTargetLogs {
  const logs = new Map<string, ServerLog>();
  if (egressTarget !== undefined) {
    for (const { app, namespace, logContainer } of Object.values(egressTarget.servers)) {
      logs.set(app, new ServerLog(egressTarget, { namespace, pod: app, container: logContainer }, log));
    }
  }
  return {
    of: (app) => logs.get(app),
    close: () => {
      for (const each of logs.values()) each.close();
    },
  };
}
