import type { ServerResponse } from 'node:http';
import { Duplex, type Readable, Transform, type Writable } from 'node:stream';

/** What passes on the bytes of each direction: `up` to the server, `down` to the client. */
export interface Directions {
  up?: Transform;
  down?: Transform;
}

/** A connection whose bytes pass through transforms. */
export function through(connection: Duplex, { up, down }: Directions): Duplex {
  const writable: Writable = up ?? connection;
  const readable: Readable = down === undefined ? connection : connection.pipe(down);
  up?.pipe(connection);
  const wrapped = Duplex.from({ writable, readable });
  connection.on('error', (error) => wrapped.destroy(error));
  // A connection that is cut has no end that would pass through.
  connection.once('close', () => {
    if (!connection.readableEnded) wrapped.destroy();
  });
  return wrapped;
}

/** Passes on changed text, chunk by chunk. Each byte is one character. */
export function altering(change: (text: string) => string): Transform {
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, Buffer.from(change(chunk.toString('latin1')), 'latin1')),
  });
}

/** Drops everything after this many bytes. */
export function cutting(bytes: number): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      done(null, part);
    },
  });
}

/** Calls back with the whole body of an answer. */
export function onBody(answer: ServerResponse, take: (text: string) => void): void {
  let text = '';
  const write = answer.write.bind(answer);
  answer.write = (chunk: Buffer, ...rest: unknown[]) => {
    text += chunk.toString();
    return (write as (...words: unknown[]) => boolean)(chunk, ...rest);
  };
  answer.once('finish', () => take(text));
}
