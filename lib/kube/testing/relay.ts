import { once, setMaxListeners } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { readEndpoint } from '../client/endpoint.ts';
import type { Kubeconfig } from './contract-setup.ts';

/** A TCP relay on loopback in front of the API server. A test can cut its connections or let them hang. */
export interface Relay {
  /** Sends a kubeconfig's requests through the relay. */
  redirect(config: Kubeconfig): void;
  /** Breaks every open connection; new ones work. */
  cut(): void;
  /** Keeps old and new connections open, and passes nothing on until `resume`. */
  stall(): void;
  resume(): void;
  close(): void;
}

export async function openRelay(server: string): Promise<Relay> {
  const target = new URL(server);
  const sockets = new Set<Socket>();
  let stalled = false;

  const add = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    if (stalled) socket.pause();
  };
  const pass = (from: Socket, to: Socket): void => {
    from.on('data', (chunk) => to.write(chunk));
    from.on('close', () => to.destroy());
    // A close follows and is passed on.
    from.on('error', () => to.destroy());
    add(from);
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

/** An HTTP proxy on loopback in front of the API server that can change the URL of a request. */
export interface Rewriter {
  redirect(config: Kubeconfig): void;
  /** Gets every request's URL. @returns the URL to send instead */
  rewrite: (url: string) => string;
  close(): void;
}

export async function openRewriter(kubeconfig: string): Promise<Rewriter> {
  const endpoint = readEndpoint(kubeconfig);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const rewriter: Rewriter = {
    rewrite: (url) => url,
    redirect(config) {
      for (const entry of config.clusters) {
        const { port } = listener.address() as AddressInfo;
        entry.cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
      }
    },
    close() {
      listener.close();
      listener.closeAllConnections();
      closing.abort();
      endpoint.close();
    },
  };
  const listener = http.createServer(async (request, response) => {
    const { headers: credentials, connections } = await endpoint.access();
    const { method = 'GET' } = request;
    const url = new URL(rewriter.rewrite(request.url ?? '/'), endpoint.server);
    const headers = { ...request.headers, ...credentials, host: url.host };
    const onward = connections.request(url, { method, headers, agent: 'single', signal: closing.signal });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      // A watch's head must arrive before its first event.
      response.flushHeaders();
      answer.pipe(response);
      response.on('close', () => answer.destroy());
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return rewriter;
}
