/** go-httpbin [-host HOST] [-port PORT]: the part of go-httpbin's API that the suites use. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { keepHeapSmall } from '../node-process.ts';

// go-httpbin's flags have one dash, parseArgs' long options two.
const args = process.argv.slice(2).map((arg) => (/^-[a-z]/.test(arg) ? `-${arg}` : arg));
const { values } = parseArgs({
  args,
  options: {
    host: { type: 'string', default: process.env['HOST'] ?? '0.0.0.0' },
    port: { type: 'string', default: process.env['PORT'] ?? '8080' },
  },
});

const server = createServer(async (request, response) => {
  const started = performance.now();
  answer(request, await bodyOf(request), response);
  log(request, response, performance.now() - started);
});
server.listen(Number(values.port), values.host, () => {
  process.stdout.write(`${logTime()} level=INFO msg="go-httpbin listening on http://${values.host}:${values.port}"\n`);
});
keepHeapSmall();
process.on('SIGTERM', () => process.exit(0));

function answer(request: IncomingMessage, body: string, response: ServerResponse): void {
  const { method, socket } = request;
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
  const status = /^\/status\/(\d{3})$/.exec(url.pathname)?.[1];
  if (status !== undefined) {
    response.writeHead(Number(status), { 'Content-Type': 'text/plain; charset=utf-8' }).end();
  } else if (url.pathname === '/get' || (url.pathname === '/post' && method === 'POST')) {
    const seen = {
      args: argsOf(url),
      headers: headersOf(request),
      method,
      origin: socket.remoteAddress,
      url: url.href,
    };
    json(response, 200, method === 'POST' ? { ...seen, data: body } : seen);
  } else {
    json(response, 404, { status_code: 404, error: 'Not Found' });
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  response
    .writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text) })
    .end(text);
}

function argsOf(url: URL): Record<string, string[]> {
  return Object.fromEntries([...url.searchParams.keys()].map((key) => [key, url.searchParams.getAll(key)]));
}

/** Headers as go-httpbin shows them: canonical names, a list of values each. */
function headersOf(request: IncomingMessage): Record<string, string[]> {
  const entries = Object.entries(request.headersDistinct).map(([name, values]) => [canonical(name), values ?? []]);
  return Object.fromEntries(entries);
}

function canonical(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => `${dash}${letter.toUpperCase()}`);
}

/** The request's body, or the part of it that came before the client aborted the request. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  request.setEncoding('utf8');
  try {
    for await (const chunk of request) body += chunk;
  } catch (error) {
    process.stderr.write(`${logTime()} level=WARN msg="request aborted: ${error}"\n`);
  }
  return body;
}

function log(request: IncomingMessage, response: ServerResponse, ms: number): void {
  const { method, url } = request;
  const status = response.statusCode;
  const agent = JSON.stringify(request.headers['user-agent'] ?? '');
  process.stdout.write(
    `${logTime()} level=INFO msg="${status} ${method} ${url} ${ms.toFixed(1)}ms" status=${status} method=${method} ` +
      `uri=${url} duration_ms=${ms.toFixed(2)} user_agent=${agent} client_ip=${request.socket.remoteAddress}\n`,
  );
}

function logTime(): string {
  return `time=${new Date().toISOString()}`;
}
