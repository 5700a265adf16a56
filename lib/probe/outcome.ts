import type { Outcome } from '../evidence/index.ts';
import type { Printed } from './commands.ts';
import type { Route } from './route.ts';

/** What the client alone saw: the fixture's own words with the probe's nonce, something else, or nothing; or a doubt. */
export interface Seen {
  words: 'whole' | 'spoilt' | 'none';
  signature: string;
  /** True when nothing came until the probe's limit. */
  hung?: boolean;
  doubt?: string;
}

/** The signatures of answers of the fixtures. */
export const ANSWERS: ReadonlySet<string> = new Set(['echo', 'HTTP 200']);

/** The echo server's prefix, as the fixture starts it. */
const ECHO = 'echo response: ';

export function look(route: Route, printed: Printed): Seen {
  return route.protocol === 'http' ? lookHttp(route, printed) : lookTcp(printed);
}

/**
 * Joins what the client saw with what the server's log holds.
 * @param inLog undefined where the log cannot be read: then only the client knows
 */
export function outcomeOf(seen: Seen, inLog: boolean | undefined): Outcome {
  if (seen.doubt !== undefined && inLog !== true) return 'unknown';
  if (inLog === undefined) return { whole: 'answered', spoilt: 'altered', none: 'not-reached' }[seen.words] as Outcome;
  if (inLog) return ({ whole: 'answered', spoilt: 'altered', none: 'reached-without-answer' } as const)[seen.words];
  return ({ whole: 'forged', spoilt: 'forged', none: 'not-reached' } as const)[seen.words];
}

function lookHttp(route: Route, printed: Printed): Seen {
  const { exit, status, stdout, stderr, nonce } = printed;
  if (exit === 6) return { words: 'none', signature: 'curl 6', doubt: 'the name did not resolve' };
  if (exit === 28 && /resolv|lookup/i.test(stderr))
    return { words: 'none', signature: 'curl 28', doubt: 'the lookup of the name stalled' };
  if (exit === 126 || exit === 127) return { words: 'none', signature: `curl ${exit}`, doubt: 'curl did not run' };
  const body = stdout.trim();
  if (exit !== 0)
    return { words: body.includes(nonce) ? 'spoilt' : 'none', signature: `curl ${exit}`, hung: exit === 28 };
  const signature = `HTTP ${status}`;
  if (status !== 200) return { words: 'none', signature };
  const isWhole = route.manner === 'head' ? body.startsWith('HTTP/') : isHttpbinAnswer(body, nonce);
  return { words: isWhole ? 'whole' : 'spoilt', signature };
}

/** go-httpbin answers `/get` with the query's arguments, each a list; the older httpbin gives plain strings. */
function isHttpbinAnswer(body: string, nonce: string): boolean {
  try {
    const answer = JSON.parse(body) as { args?: Record<string, unknown>; headers?: unknown; url?: unknown };
    const echoed = answer.args?.['nonce'];
    return (
      (echoed === nonce || (Array.isArray(echoed) && echoed.length === 1 && echoed[0] === nonce)) &&
      typeof answer.headers === 'object' &&
      typeof answer.url === 'string'
    );
  } catch {
    return false;
  }
}

function lookTcp({ exit, stdout, stderr, nonce }: Printed): Seen {
  const answer = stdout.trimEnd();
  if (answer === ECHO + nonce) return { words: 'whole', signature: 'echo' };
  if (/bad address|not known|name resolution|name or service|lookup|resolve|getaddrinfo/i.test(stderr))
    return { words: 'none', signature: `nc ${exit}`, doubt: 'the name did not resolve' };
  if (exit === 126 || exit === 127) return { words: 'none', signature: `nc ${exit}`, doubt: 'nc did not run' };
  if (answer.includes(nonce)) return { words: 'spoilt', signature: `nc ${exit}, ${shorten(answer)}` };
  if (exit === 137) return { words: 'none', signature: 'nc hung', hung: true };
  return { words: 'none', signature: answer === '' ? `nc ${exit}, silent` : `nc ${exit}, ${shorten(answer)}` };
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line === '' ? 'empty' : JSON.stringify(line.length > 40 ? `${line.slice(0, 40)}…` : line);
}
