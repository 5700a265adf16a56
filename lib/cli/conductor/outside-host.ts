import type { OutsideHost } from '../../claim/index.ts';
import { UsageError } from '../../plan/index.ts';

const HTTP_PORT = 80;

/**
 * Reads `--outside HOST[:PORT]`, an HTTP server that echoes as httpbin's `/get` does.
 * @throws UsageError for a port that is none
 */
export function outsideHost(text: string | undefined): OutsideHost | undefined {
  if (text === undefined) return undefined;
  const [, host = text, port] = /^(.*?)(?::(\d+))?$/.exec(text) ?? [];
  const number = port === undefined ? HTTP_PORT : Number(port);
  if (host === '' || number < 1 || number > 65_535) throw new UsageError(`--outside ${text}: write HOST or HOST:PORT`);
  return { host, port: number };
}
