import { run } from './run.ts';

const LISTEN = '0A';
const LOOPBACK = '0100007F';

/** Whether a socket listens on a port in a network namespace, for others than the loopback. Nothing is connected. */
export async function isListening(network: string, port: number): Promise<boolean> {
  const tables = await run(['nsenter', `--net=${network}`, 'cat', '/proc/net/tcp', '/proc/net/tcp6']);
  return listens(tables, port);
}

/** Reads the tables of `/proc/net/tcp` and `/proc/net/tcp6`. */
export function listens(tables: string, port: number): boolean {
  return tables.split('\n').some((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address, portInHex = ''] = local.split(':');
    return state === LISTEN && address !== LOOPBACK && Number.parseInt(portInHex, 16) === port;
  });
}
