import { expect, test } from '@jest/globals';
import { listens } from './listening.ts';

const tables = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:2329 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 19589 1
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 19590 1
   2: 0A01F40A:36B1 0A01F40B:D431 01 00000000:00000000 00:00000000 00000000     0        0 19591 1
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000
`;

test.each([
  [9001, true, 'on all addresses'],
  [80, true, 'on all addresses of both families'],
  [8080, false, 'on the loopback only'],
  [14001, false, 'connected, not listening'],
  [22, false, 'not there'],
])('port %d: %s, because it is %s', (port, expected) => {
  expect(listens(tables, port)).toBe(expected);
});
