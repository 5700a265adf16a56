import { setMaxListeners } from 'node:events';
import http, { type ClientRequest, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { SocksProxyAgent } from 'socks-proxy-agent';
import { bareHost } from './context.ts';
import { basic } from './credentials.ts';
import { reasonOf, TransientError } from './failures.ts';
import type { ProxyServer } from './proxy.ts';
import type { TlsOptions } from './tls-identity.ts';

/** What of a request does not depend on the connection. */
export interface Outgoing {
  method: string;
  headers: OutgoingHttpHeaders;
  /** `pool` reuses connections, `single` opens one for this request. */
  agent: 'pool' | 'single';
  signal: AbortSignal;
}

/** Connections to one API server with one identity, direct or through a proxy. */
export class Connections {
  /** For a request that becomes a WebSocket. */
  readonly upgrade: http.Agent;
  readonly #agents: Record<'pool' | 'single', http.Agent>;
  readonly #forward: URL | undefined;
  readonly #closing = new AbortController();

  constructor(server: URL, tls: TlsOptions, proxy: ProxyServer | undefined) {
    setMaxListeners(0, this.#closing.signal);
    const isSecure = server.protocol === 'https:';
    const isSocks = proxy?.url.protocol.startsWith('socks') ?? false;
    const tunnel = (keepAlive: boolean): http.Agent => {
      if (proxy === undefined) return direct(isSecure, tls, keepAlive);
      return throughProxy(proxy, tls, keepAlive, this.#closing.signal);
    };
    this.upgrade = tunnel(false);
    if (proxy !== undefined && !isSecure && !isSocks) {
      // Like kubectl, send plain HTTP to the proxy request by request, without a tunnel.
      this.#forward = proxy.url;
      const agent = (keepAlive: boolean) => direct(proxy.url.protocol === 'https:', tls, keepAlive);
      this.#agents = { pool: agent(true), single: agent(false) };
    } else {
      this.#agents = { pool: tunnel(true), single: this.upgrade };
    }
  }

  /** Starts a request to the API server. The caller ends it. */
  request(url: URL, { method, headers, agent, signal }: Outgoing): ClientRequest {
    const common = { method, agent: this.#agents[agent], signal };
    const proxy = this.#forward;
    const { request } = (proxy ?? url).protocol === 'https:' ? https : http;
    if (proxy === undefined) return request(url, { ...common, headers });
    const { username, password, port } = proxy;
    const credentials = basic(decodeURIComponent(username), decodeURIComponent(password));
    const authorization = username || password ? { 'proxy-authorization': credentials } : {};
    return request({
      ...common,
      host: bareHost(proxy),
      port: port || (proxy.protocol === 'https:' ? 443 : 80),
      path: url.href,
      headers: { ...headers, host: url.host, ...authorization },
    });
  }

  close(): void {
    this.#closing.abort();
    for (const agent of [this.upgrade, this.#agents.pool, this.#agents.single]) agent.destroy();
  }
}

/** `tls` has certificates that are read once; Node would read them for each connection. */
function direct(isSecure: boolean, tls: TlsOptions, keepAlive: boolean): http.Agent {
  return isSecure ? new https.Agent({ ...tls, keepAlive }) : new http.Agent({ keepAlive });
}

/** Through a SOCKS proxy, which also resolves names, or through an HTTP proxy with CONNECT, both as in Go. */
function throughProxy(proxy: ProxyServer, tls: TlsOptions, keepAlive: boolean, signal: AbortSignal): http.Agent {
  const isSocks = proxy.url.protocol.startsWith('socks');
  const agent = isSocks
    ? new SocksProxyAgent(proxy.url.href.replace(/^socks5h?:/, 'socks5h:'), { keepAlive })
    : // The cluster's TLS options also apply to an HTTPS proxy.
      new HttpsProxyAgent(proxy.url, { ...tls, keepAlive, signal });
  const connect = agent.connect.bind(agent);
  agent.connect = async (request, options) => {
    let answer = { statusCode: 200, statusText: '' };
    request.once('proxyConnect', (told: typeof answer) => {
      answer = told;
    });
    // The libraries check the certificate without the server's address, as if it were `localhost`: give it to the check.
    const name = tls.servername || (options.host ?? '');
    const checked = { checkServerIdentity: (_name: string, its: PeerCertificate) => checkServerIdentity(name, its) };
    const socket = await connect(request, { ...options, ...checked, ...tls }).catch((thrown: unknown) => {
      throw proxyFailure(proxy, reasonOf(thrown).message);
    });
    if (answer.statusCode === 200) return socket;
    // The library would give the proxy's answer to the caller as if it came from the API server.
    socket.destroy();
    throw proxyFailure(proxy, `it answered ${answer.statusCode} ${answer.statusText}`.trim());
  };
  return agent;
}

function proxyFailure({ url, namedBy }: ProxyServer, why: string): TransientError {
  const message = `no way through the proxy ${url.protocol}//${url.host} (${namedBy}): ${why}`;
  return new TransientError('unreachable', message, { untouched: true });
}
