import { expect, test } from '@jest/globals';
import { egressTargetHost } from './egress-target.ts';

test.each([
  ['web.example.org', 'web.example.org', 80],
  ['web.example.org:8080', 'web.example.org', 8080],
  ['192.0.2.1:8080', '192.0.2.1', 8080],
  ['[2001:db8::1]', '2001:db8::1', 80],
  ['[2001:db8::1]:8080', '2001:db8::1', 8080],
  ['2001:db8::1', '2001:db8::1', 80],
])('--egress-target %s is a server at %s, port %d', (text, host, port) => {
  expect(egressTargetHost(text)).toEqual({ host, port });
});

test.each(['', ':80', 'web:0', 'web:65536', 'web:http', '[web]:80', '[2001:db8::1', '2001:db8::1:http', 'http://web/'])(
  '--egress-target %s is refused',
  (text) => {
    expect(() => egressTargetHost(text)).toThrow('write HOST, HOST:PORT or [IPV6]:PORT');
  },
);
