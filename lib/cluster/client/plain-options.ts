import type https from 'node:https';
import type { ChosenContext } from './context.ts';

const OF_CLUSTER = new Set(['server', 'certificate-authority-data', 'insecure-skip-tls-verify', 'tls-server-name']);
const OF_USER = new Set(['token', 'client-certificate-data', 'client-key-data']);

/**
 * What a request needs where the kubeconfig holds all of it in words of its own, as those of kind and the sandbox do.
 * @returns undefined where there is anything else: files, plugins, a proxy, a password
 */
export function plainOptions({ cluster, user }: ChosenContext): https.RequestOptions | undefined {
  const isPlain =
    Object.keys(cluster).every((name) => OF_CLUSTER.has(name)) && Object.keys(user).every((name) => OF_USER.has(name));
  if (!isPlain) return undefined;
  const { token } = user;
  const name = cluster['tls-server-name'];
  return {
    ...bytes('ca', cluster['certificate-authority-data']),
    ...bytes('cert', user['client-certificate-data']),
    ...bytes('key', user['client-key-data']),
    ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
    ...(typeof name === 'string' && name !== '' ? { servername: name } : {}),
    ...(typeof token === 'string' && token !== '' ? { headers: { authorization: `Bearer ${token}` } } : {}),
  };
}

function bytes(name: 'ca' | 'cert' | 'key', base64: unknown): https.RequestOptions {
  return typeof base64 === 'string' && base64 !== '' ? { [name]: Buffer.from(base64, 'base64') } : {};
}
