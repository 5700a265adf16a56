import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { bareHost, type ChosenContext } from './context.ts';
import { KubeconfigError, placeOf } from './kubeconfig.ts';

/** A proxy on the way to the API server. */
export interface ProxyServer {
  url: URL;
  /** The field or variable that names it. */
  namedBy: string;
}

/**
 * The proxy that kubectl would use: the cluster's proxy-url, for any server; otherwise that of the environment, read as Go
 * reads it (golang.org/x/net/http/httpproxy). No package for these variables knows CIDR blocks, or that loopback addresses
 * are never proxied. Like kubectl, does not read ALL_PROXY.
 * @throws KubeconfigError for a proxy that kubectl could not use
 */
export function proxyOf(chosen: ChosenContext, env: NodeJS.ProcessEnv = process.env): ProxyServer | undefined {
  const { clusterEntry, cluster, server } = chosen;
  const written = cluster['proxy-url'];
  if (written !== undefined) {
    const place = placeOf(clusterEntry, 'proxy-url');
    return { url: proxyUrl(written, ['http:', 'https:', 'socks5:'], place), namedBy: place };
  }
  const names = server.protocol === 'https:' ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy'];
  const name = names.find((each) => env[each]);
  if (name === undefined || isExempt(server, env['NO_PROXY'] || env['no_proxy'] || '')) return undefined;
  const value = env[name] ?? '';
  const text = /^[a-z][a-z0-9+.-]*:\/\/./i.test(value) ? value : `http://${value}`;
  return { url: proxyUrl(text, ['http:', 'https:', 'socks5:', 'socks5h:'], `the variable ${name}`), namedBy: name };
}

function proxyUrl(text: string, schemes: string[], place: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && schemes.includes(url.protocol) && url.hostname !== '') return url;
  const remedy = `write a proxy's URL there: ${schemes.map((scheme) => `${scheme}//HOST:PORT`).join(', ')}`;
  const withoutPassword = text.replace(/\/\/[^@/]*@/, '//***@');
  throw new KubeconfigError(`${place} is no URL of a proxy: ${withoutPassword}`, remedy);
}

/** Whether a server needs no proxy: by NO_PROXY, or because it is on this machine. */
function isExempt(server: URL, list: string): boolean {
  const host = bareHost(server).toLowerCase();
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  if (isLoopback(host)) return true;
  const entries = list.split(',').map((each) => each.trim().toLowerCase());
  // An asterisk among other entries means all servers, too.
  return entries.some((entry) => entry === '*' || (entry !== '' && exempts(entry, host, port)));
}

function exempts(entry: string, host: string, port: string): boolean {
  const [, network = '', prefix = ''] = /^(.+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (isIP(network) !== 0 && Number(prefix) <= bitsOf(network)) return contains(network, Number(prefix), host);
  const bracketed = /^\[(.*)\]:(\d+)$/.exec(entry);
  const [, name = entry, onlyPort = port] = bracketed ?? /^([^:]*):(\d+)$/.exec(entry) ?? [];
  if (name === '' || onlyPort !== port) return false;
  if (isIP(name) !== 0) return contains(name, bitsOf(name), host);
  if (isIP(host) !== 0) return false;
  // `a.b` means the domain and its subdomains; `.a.b` and `*.a.b` mean the subdomains only.
  const suffix = name.startsWith('*.') ? name.slice(1) : name;
  if (suffix.startsWith('.')) return host.endsWith(`.${domainToASCII(suffix.slice(1))}`);
  const domain = domainToASCII(suffix);
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

function contains(network: string, prefix: number, host: string): boolean {
  const block = new BlockList();
  block.addSubnet(network, prefix, familyOf(network));
  return isIP(host) !== 0 && block.check(host, familyOf(host));
}

function bitsOf(address: string): number {
  return isIP(address) === 4 ? 32 : 128;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** @param host a name or an address, IPv6 without brackets */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || (isIP(host) !== 0 && loopback.check(host, familyOf(host)));
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
