import { once, setMaxListeners } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { readEndpoint } from '../client/endpoint.ts';
import type { Kubeconfig } from './bench.ts';

/** An HTTP proxy on loopback before the API server that can change a request's URL, or refuse to pass it on. */
export interface Rewriter {
  redirect(config: Kubeconfig): void;
  /** Called with every request's URL; gives the one to send instead. */
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
