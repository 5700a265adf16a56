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

/** Follows the log of each server of the egress target. @returns the logs by the servers' `app` */
export function followEgressTarget(target: EgressTargetServers, log: (line: string) => void): Map<string, ServerLog> {
  return new Map(
    Object.values(target.servers).map(({ app, namespace, logContainer }) => [
      app,
      new ServerLog(target, { namespace, pod: app, container: logContainer }, log),
    ]),
  );
}
