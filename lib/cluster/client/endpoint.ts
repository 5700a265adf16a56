import http from 'node:http';
import https from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { ClusterError } from '../cluster.ts';
import { asError } from './failures.ts';

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
  const config = load(kubeconfigPath);
  choose(config, kubeconfigPath, context);
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    throw new ClusterError('not-found', `${kubeconfigPath}: context ${config.currentContext} names no cluster`);
  }
  const agents = new Agents(cluster.server.startsWith('https:'));

  return {
    server: new URL(cluster.server),
    async access() {
      const options: https.RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(options.headers ?? {})) {
        if (value !== undefined) headers[name.toLowerCase()] = String(value);
      }
      if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
      if (cluster.proxyUrl && options.agent instanceof http.Agent) {
        return { headers, pool: options.agent, single: options.agent };
      }
      return { headers, ...agents.for(options) };
    },
    close: () => agents.close(),
  };
}

function load(kubeconfigPath: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(kubeconfigPath);
  } catch (thrown) {
    throw new ClusterError('not-found', `cannot read the kubeconfig ${kubeconfigPath}: ${asError(thrown).message}`);
  }
  return config;
}

function choose(config: KubeConfig, kubeconfigPath: string, context: string | undefined): void {
  const wanted = context ?? config.getCurrentContext();
  const names = config.getContexts().map(({ name }) => name);
  if (!wanted) throw new ClusterError('not-found', `${kubeconfigPath} has no current-context; it has: ${list(names)}`);
  if (!names.includes(wanted)) {
    throw new ClusterError('not-found', `${kubeconfigPath} has no context '${wanted}'; it has: ${list(names)}`);
  }
  config.setCurrentContext(wanted);
}

function list(names: string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
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
      this.#secure ? new https.Agent({ ...tls, keepAlive }) : new http.Agent({ keepAlive });
    this.#pair = { pool: agent(true), single: agent(false) };
    return this.#pair;
  }

  close(): void {
    this.#pair?.pool.destroy();
    this.#pair = undefined;
  }
}
