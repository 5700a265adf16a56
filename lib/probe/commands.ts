import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { type Route, urlHost } from './route.ts';
import { PROBE_TIMING } from './timing.ts';

const { probeS, jobMs, lookupMs } = PROBE_TIMING;

/** What one probe of a job printed. */
export interface Printed {
  nonce: string;
  /** Exit status of curl or nc. */
  exit: number;
  /** HTTP only: the response's status code, 0 where none came. */
  status: number;
  stdout: string;
  stderr: string;
}

/** A script for the agent, the command for people, and how to read the output. */
export interface Command {
  script: string;
  /** The command line of one probe, for evidence and reports. */
  shown(nonce: string): string;
  nonces: string[];
  limitMs: number;
  /** Whether it prints little, and text only. */
  isBrief: boolean;
  read(stdout: string, stderr: string): Printed[] | undefined;
}

/**
 * The command for `count` probes of a route, one after the other, each with a connection and a nonce of its own.
 * A burst of HTTP probes is one curl process, so that ninety cost little more than one.
 */
export function commandFor(route: Route, nonce: string, count: number): Command {
  const nonces = count === 1 ? [nonce] : Array.from({ length: count }, (_, i) => `${nonce}-${i + 1}`);
  // Never sent, unlike the nonce: an answer cannot contain it.
  const mark = `#${randomBytes(8).toString('hex')}`;
  const isLookedUp = route.server !== undefined && isIP(route.host) === 0;
  const scripts = route.protocol === 'http' ? httpScript : tcpScript;
  return {
    ...scripts(route, nonce, count, mark, isLookedUp),
    nonces,
    limitMs: probeS * 1000 * count + jobMs + (isLookedUp ? lookupMs : 0),
    isBrief: count === 1 && route.manner !== 'large',
    read: (stdout, stderr) => readMarked(nonces, mark, stdout, stderr),
  };
}

/** More than any proxy holds back before it passes an answer on, bytes. */
const LARGE = 40_000;
const POSTING = ` -H 'Expect:' -H 'Content-Type: text/plain' --data-binary @-`;

function httpScript(route: Route, nonce: string, count: number, mark: string, isLookedUp: boolean) {
  const isLarge = route.manner === 'large';
  const said = route.manner === 'head' ? ' -I' : isLarge ? POSTING : '';
  const options = `-sS${said} --noproxy '*' --max-time ${probeS} -H 'Connection: close'`;
  const path = isLarge ? 'post' : 'get';
  const url = (words: string) => `'http://${urlHost(route.host)}:${route.port}/${path}?nonce=${words}'`;
  const range = count === 1 ? nonce : `${nonce}-[1-${count}]`;
  const curl = isLarge ? `head -c ${LARGE} /dev/zero | tr '\\0' x | curl` : 'curl';
  const end = count === 1 ? '' : `%{stderr}${mark}\\n`;
  const { host, port } = route;
  const [before, resolved] = isLookedUp
    ? [`lookup ${host}; `, ` \${known:+--resolve "${host}:${port}:$known"}`]
    : ['', ''];
  return {
    script: `${before}${curl}${resolved} ${options} -w '\\n${mark} %{exitcode} %{http_code}\\n${end}' ${url(range)}`,
    shown: (each: string) => `${curl} ${options} ${url(each)}`,
  };
}

function tcpScript(route: Route, nonce: string, count: number, mark: string, isLookedUp: boolean) {
  const { host, port } = route;
  const [before, found, place] = isLookedUp ? [`lookup ${host}; `, 'found && ', '"$address"'] : ['', '', host];
  const one = (words: string) =>
    route.manner === 'half-close'
      ? `${found}echo ${words} | limit ${probeS} nc ${place} ${port}`
      : `${found}hello ${place} ${port} ${words} ${probeS}`;
  const end = count === 1 ? '' : `; echo "${mark}" >&2`;
  const each = (words: string) => `${one(words)}; s=$?; echo; echo "${mark} $s 0"${end}`;
  return {
    script:
      before +
      (count === 1 ? each(nonce) : `i=1; while [ $i -le ${count} ]; do ${each(`${nonce}-$i`)}; i=$((i+1)); done`),
    shown: (words: string) =>
      route.manner === 'half-close'
        ? `echo ${words} | nc ${host} ${port}`
        : `(echo ${words}; wait for the answer) | nc ${host} ${port}`,
  };
}

/**
 * Cuts at the marks, of which a single probe has none in stderr: all of that is its own. Undefined when there are not as many
 * as probes, so that no output is taken for another probe's.
 */
function readMarked(nonces: string[], mark: string, stdout: string, stderr: string): Printed[] | undefined {
  const outs = stdout.split(new RegExp(`\\n${mark} (\\d+) (\\d+)\\n`));
  const errs = nonces.length === 1 ? [stderr, ''] : stderr.split(`${mark}\n`);
  if (outs.length !== nonces.length * 3 + 1 || errs.length !== nonces.length + 1) return undefined;
  return nonces.map((nonce, i) => ({
    nonce,
    exit: Number(outs[3 * i + 1]),
    status: Number(outs[3 * i + 2]),
    stdout: outs[3 * i] ?? '',
    stderr: errs[i] ?? '',
  }));
}
