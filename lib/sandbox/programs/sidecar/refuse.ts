import type { Socket } from 'node:net';

const SPEECHLESS_MS = 50;

/** Resets a connection once its client has spoken, or is silent: a reset at once can look like a refused connection. */
export function resetSoon(socket: Socket): void {
  const timer = setTimeout(() => socket.resetAndDestroy(), SPEECHLESS_MS);
  socket.once('readable', () => socket.resetAndDestroy());
  socket.on('error', () => socket.destroy());
  socket.on('close', () => clearTimeout(timer));
}
