import { describe, expect, test } from '@jest/globals';
import { chooseContext } from './context.ts';
import { proxyOf } from './proxy.ts';

/** The proxy for a server, as `host:port`; '' for none. */
function proxyFor(server: string, env: Record<string, string>): string {
  const entries = (kind: 'cluster' | 'user' | 'context', value: Record<string, unknown>) =>
    new Map([['x', { kind, name: 'x', file: 'config', value }]]);
  const config = {
    files: 'config',
    clusters: entries('cluster', { server }),
    users: entries('user', {}),
    contexts: entries('context', { cluster: 'x', user: 'x' }),
  };
  const chosen = chooseContext(config, 'x');
  return proxyOf(chosen, env)?.url.host ?? '';
}

/** From the tests of golang.org/x/net/http/httpproxy, and of its documentation's sentences. */
describe('NO_PROXY exempts what Go would exempt', () => {
  test.each<[noProxy: string, server: string, exempt: boolean]>([
    ['', 'https://api.example.test', false],
    ['*', 'https://api.example.test', true],
    ['a.test, *', 'https://api.example.test', true],
    ['example.test', 'https://api.example.test', true],
    ['example.test', 'https://example.test', true],
    ['EXAMPLE.test', 'https://api.example.TEST', true],
    ['ample.test', 'https://api.example.test', false],
    ['.example.test', 'https://api.example.test', true],
    ['.example.test', 'https://example.test', false],
    ['*.example.test', 'https://api.example.test', true],
    ['*.example.test', 'https://example.test', false],
    ['example.test:6443', 'https://api.example.test:6443', true],
    ['example.test:6443', 'https://api.example.test', false],
    ['example.test:443', 'https://api.example.test', true],
    ['example.test:80', 'http://api.example.test', true],
    [' a.test , example.test ', 'https://api.example.test', true],
    ['a.test example.test', 'https://api.example.test', false],
    ['192.0.2.1', 'https://192.0.2.1:6443', true],
    ['192.0.2.1:6443', 'https://192.0.2.1:6443', true],
    ['192.0.2.1:443', 'https://192.0.2.1:6443', false],
    ['192.0.2.2', 'https://192.0.2.1', false],
    ['192.0.2', 'https://192.0.2.1', false],
    ['192.0.2.0/24', 'https://192.0.2.200', true],
    ['192.0.2.77/24', 'https://192.0.2.200', true],
    ['192.0.2.0/25', 'https://192.0.2.200', false],
    ['0.0.0.0/0', 'https://192.0.2.1', true],
    ['192.0.2.0/24', 'https://api.example.test', false],
    ['2001:db8::1', 'https://[2001:db8::1]:6443', true],
    ['2001:0db8:0::1', 'https://[2001:db8::1]', true],
    ['[2001:db8::1]:6443', 'https://[2001:db8::1]:6443', true],
    ['[2001:db8::1]:443', 'https://[2001:db8::1]:6443', false],
    ['[2001:db8::1]', 'https://[2001:db8::1]', false],
    ['2001:db8::/32', 'https://[2001:db8:1::5]', true],
    ['2001:db8::/32', 'https://[2001:db9::5]', false],
    [':6443,,/', 'https://192.0.2.1:6443', false],
    ['bücher.test', 'https://xn--bcher-kva.test', true],
  ])('NO_PROXY=%s for %s: %s', (list, server, exempt) => {
    const env = { HTTPS_PROXY: 'proxy.test:3128', HTTP_PROXY: 'proxy.test:3128', NO_PROXY: list };
    expect(proxyFor(server, env)).toBe(exempt ? '' : 'proxy.test:3128');
  });

  test.each(['https://localhost:6443', 'https://127.0.0.1', 'https://127.9.9.9', 'https://[::1]:6443'])(
    '%s is never reached by a proxy',
    (server) => {
      expect(proxyFor(server, { HTTPS_PROXY: 'http://proxy.test' })).toBe('');
    },
  );
});

describe('the variables', () => {
  const server = 'https://api.example.test';

  test.each<[Record<string, string>, string]>([
    [{ HTTPS_PROXY: 'a:1', https_proxy: 'b:1' }, 'a:1'],
    [{ HTTPS_PROXY: '', https_proxy: 'b:1' }, 'b:1'],
    [{ https_proxy: 'http://b' }, 'b'],
    [{ HTTP_PROXY: 'c:1', ALL_PROXY: 'd:1', all_proxy: 'd:1' }, ''],
    [{ https_proxy: 'b:1', NO_PROXY: 'x.test', no_proxy: '*' }, 'b:1'],
    [{ https_proxy: 'b:1', NO_PROXY: '', no_proxy: '*' }, ''],
    [{ HTTPS_PROXY: 'socks5h://e:1' }, 'e:1'],
    [{ HTTPS_PROXY: 'https://user:word@f:1' }, 'f:1'],
  ])('%j', (env, proxy) => {
    expect(proxyFor(server, env)).toBe(proxy);
  });

  test('HTTP_PROXY counts for http only', () => {
    expect(proxyFor('http://api.example.test', { HTTP_PROXY: 'c:1', HTTPS_PROXY: 'a:1' })).toBe('c:1');
  });

  test('a value that is no URL of a proxy is refused by the name of the variable, without its password', () => {
    expect(() => proxyFor(server, { HTTPS_PROXY: 'ftp://me:secret@proxy.test' })).toThrow(
      'the variable HTTPS_PROXY is no URL of a proxy: ftp://***@proxy.test',
    );
  });
});
