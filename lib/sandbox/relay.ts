import type { ServerHttp2Stream } from 'node:http2';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** How the client hears that its server is lost: `reset` as the kernel would pass it on, `end` as a proxy closes. */
export type LossSignal = 'reset' | 'end';

/** A connection that was accepted, or a stream of a tunnel in its place. */
type Client = Socket | ServerHttp2Stream;

/**
 * Passes bytes both ways until both sides have ended; an end on one side becomes a half-close on the other.
 * Both sockets must have been made with `allowHalfOpen`.
 *
 * @param client - the accepted connection; a failure of it closes the server's
 * @param server - the connection made for it
 */
export function relay(client: Client, server: Duplex, whenServerIsLost: LossSignal): void {
  client.pipe(server);
  server.pipe(client);
  client.on('error', () => server.destroy());
  client.on('close', () => server.destroy());
  server.on('error', () => tellLoss(client, whenServerIsLost));
  server.on('close', () => {
    if (!client.writableEnded) tellLoss(client, whenServerIsLost);
  });
}

/** Ends a client's connection whose server could not be reached or was lost. */
export function tellLoss(client: Client, signal: LossSignal): void {
  if (client.destroyed) return;
  if (signal === 'reset' && client instanceof Socket) {
    client.resetAndDestroy();
    return;
  }
  // What the client still sends is read and dropped: closing with unread bytes would make a reset of it.
  client.unpipe();
  client.resume();
  client.end();
  client.setTimeout(1_000, () => client.destroy());
}
