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

createServer(async (request, response) => {
  const started = performance.now();
  const { method, url: path = '/', socket, headers } = request;
  const data = await bodyOf(request);
  const url = new URL(path, `http://${headers.host ?? 'localhost'}`);
  const status = /^\/status\/(\d{3})$/.exec(url.pathname)?.[1];
  if (status !== undefined) response.writeHead(Number(status), { 'Content-Type': 'text/plain; charset=utf-8' }).end();
  else if (url.pathname === '/get' || (url.pathname === '/post' && method === 'POST')) {
    const keys = [...url.searchParams.keys()];
    const args = Object.fromEntries(keys.map((key) => [key, url.searchParams.getAll(key)]));
    const seen = { args, headers: headersOf(request), method, origin: socket.remoteAddress, url: url.href };
    json(response, 200, method === 'POST' ? { ...seen, data } : seen);
  } else json(response, 404, { status_code: 404, error: 'Not Found' });
  const ms = performance.now() - started;
  process.stdout.write(
    `${logTime()} level=INFO msg="${response.statusCode} ${method} ${path} ${ms.toFixed(1)}ms" status=${response.statusCode} ` +
      `method=${method} uri=${path} duration_ms=${ms.toFixed(2)} ` +
      `user_agent=${JSON.stringify(headers['user-agent'] ?? '')} client_ip=${socket.remoteAddress}\n`,
  );
}).listen(Number(values.port), values.host, () => {
  process.stdout.write(`${logTime()} level=INFO msg="go-httpbin listening on http://${values.host}:${values.port}"\n`);
});
keepHeapSmall();
process.on('SIGTERM', () => process.exit(0));

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

function json(response: ServerResponse, status: number, value: unknown): void {
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  response
    .writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text) })
    .end(text);
}

/** Headers as go-httpbin shows them: canonical names, a list of values each. */
function headersOf({ headersDistinct }: IncomingMessage): Record<string, string[] | undefined> {
  const canonical = (name: string): string => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(headersDistinct).map(([name, values]) => [canonical(name), values]));
}

function logTime(): string {
  return `time=${new Date().toISOString()}`;
}
