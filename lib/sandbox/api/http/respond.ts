import type { ServerResponse } from 'node:http';
import { ApiError, internal, type Status } from '../errors.ts';

export function respond(response: ServerResponse, code: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(code, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-cache, private',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** What went wrong as a Status; what nobody foresaw as an internal error, with its words. */
export function statusOf(error: unknown): Status {
  if (error instanceof ApiError) return error.status;
  return internal(error instanceof Error ? (error.stack ?? error.message) : String(error)).status;
}

export function respondError(response: ServerResponse, error: unknown): void {
  const status = statusOf(error);
  if (response.headersSent) response.destroy();
  else respond(response, status.code ?? 500, status);
}

/** Tells the client what it should know though nothing went wrong: kubectl prints it. */
export function warn(response: ServerResponse, text: string): void {
  response.appendHeader('Warning', `299 - ${JSON.stringify(text)}`);
}
