import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import { type ChosenContext, chooseContext } from './context.ts';
import { plainOptions } from './plain-options.ts';

/** What a request needs to be let in. */
export interface Access {
  headers: Record<string, string>;
  /** Keeps connections for the next request. */
  pool: http.Agent;
  /** Gives each stream a connection of its own. */
  single: http.Agent;
}

/** The API server that one context of one kubeconfig names. */
export interface Endpoint {
  server: URL;
  /** The credentials of now: those of exec and OIDC plugins change. */
  access(): Promise<Access>;
  close(): void;
}

type TlsOptions = Pick<
  https.AgentOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'rejectUnauthorized' | 'servername'
>;

/**
 * Reads the one file given, never the user's own configuration.
 * @throws ClusterError `not-found` for a file that cannot be read or a context that it does not have.
 */
export function readEndpoint(kubeconfigPath: string, context?: string): Endpoint {
  const chosen = chooseContext(kubeconfigPath, context);
  const server = new URL(chosen.cluster.server);
  const agents = new Agents(server.protocol === 'https:');
  let optionsOf: Promise<() => Promise<https.RequestOptions>> | undefined;

  return {
    server,
    async access() {
      optionsOf ??= sourceOfOptions(kubeconfigPath, chosen);
      const options = await (await optionsOf)();
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(options.headers ?? {})) {
        if (value !== undefined) headers[name.toLowerCase()] = String(value);
      }
      if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
      if (chosen.cluster['proxy-url'] && options.agent instanceof http.Agent) {
        return { headers, pool: options.agent, single: options.agent };
      }
      return { headers, ...agents.for(options) };
    },
    close: () => agents.close(),
  };
}

/** Loads what credentials that are more than a token or a certificate need: half a second and 100 MB for client-node. */
async function sourceOfOptions(
  kubeconfigPath: string,
  chosen: ChosenContext,
): Promise<() => Promise<https.RequestOptions>> {
  const plain = plainOptions(chosen);
  if (plain !== undefined) return async () => plain;
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  config.setCurrentContext(chosen.name);
  return async () => {
    const options: https.RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    return options;
  };
}

/** Reads its certificates once: each of Node's own connections would read them anew. */
class SecureAgent extends https.Agent {
  #context: SecureContext | undefined;

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    this.#context ??= createSecureContext(this.options);
    const withContext: https.RequestOptions & Pick<ConnectionOptions, 'secureContext'> = {
      ...options,
      secureContext: this.#context,
    };
    return super.createConnection(withContext, callback);
  }
}

/** Keeps the agents for as long as the credentials stay the same; client-node would make a new one for each request. */
class Agents {
  readonly #secure: boolean;
  #key = '';
  #pair: { pool: http.Agent; single: http.Agent } | undefined;

  constructor(secure: boolean) {
    this.#secure = secure;
  }

  for(options: https.RequestOptions): { pool: http.Agent; single: http.Agent } {
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    const tls: TlsOptions = {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(pfx !== undefined && { pfx }),
      ...(passphrase !== undefined && { passphrase }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      ...(servername !== undefined && { servername }),
    };
    const identity = [ca, cert, key, pfx, passphrase, rejectUnauthorized, servername].map(String).join('\n');
    if (this.#pair && identity === this.#key) return this.#pair;
    this.close();
    this.#key = identity;
    const agent = (keepAlive: boolean): http.Agent =>
      this.#secure ? new SecureAgent({ ...tls, keepAlive }) : new http.Agent({ keepAlive });
    this.#pair = { pool: agent(true), single: agent(false) };
    return this.#pair;
  }

  close(): void {
    this.#pair?.pool.destroy();
    this.#pair = undefined;
  }
}
