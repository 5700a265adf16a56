import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import type { Kubeconfig } from './bench.ts';

/** A TCP relay on loopback before the API server, whose connections a test can cut or leave hanging. */
export interface Relay {
  /** Sends a kubeconfig's requests through the relay. */
  redirect(config: Kubeconfig): void;
  /** Breaks every connection there is; new ones work. */
  cut(): void;
  /** Keeps connections open, old and new, and passes nothing on until `resume`. */
  stall(): void;
  resume(): void;
  close(): void;
}

export async function openRelay(server: string): Promise<Relay> {
  const target = new URL(server);
  const sockets = new Set<Socket>();
  let stalled = false;

  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    if (stalled) socket.pause();
  };
  const pass = (from: Socket, to: Socket): void => {
    from.on('data', (chunk) => to.write(chunk));
    from.on('close', () => to.destroy());
    // The close that follows is passed on; which side's fault it was does not matter here.
    from.on('error', () => to.destroy());
    keep(from);
  };
  const listener = net.createServer((near) => {
    const far = net.connect(Number(target.port || 443), target.hostname);
    pass(near, far);
    pass(far, near);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;

  return {
    redirect(config) {
      for (const { cluster } of config.clusters) {
        cluster.server = `${target.protocol}//127.0.0.1:${port}`;
        if (net.isIP(target.hostname) === 0) cluster['tls-server-name'] ??= target.hostname;
      }
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    stall() {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    close() {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
