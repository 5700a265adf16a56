import { isIPv6 } from 'node:net';
import type { EgressTargetHost } from '../judge/index.ts';
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
