/**
 * nc [-w SECS] HOST PORT: does what busybox's nc does, for machines without it. It half-closes at the end of its standard
 * input, and ends with the connection. -w limits the time to connect, and then each silence.
 */
import { connect } from 'node:net';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { w: { type: 'string', short: 'w' } } });
const [host, port] = positionals;
if (host === undefined || port === undefined) fail('usage: nc [-w SECS] HOST PORT');
const waitMs = Number(values.w ?? 0) * 1_000;

const connection = connect({ host, port: Number(port), family: 4, allowHalfOpen: true });
let isConnected = false;
connection.setTimeout(waitMs, () => (isConnected ? process.exit(0) : fail('timed out')));
connection.on('connect', () => {
  isConnected = true;
  process.stdin.pipe(connection);
});
connection.pipe(process.stdout);
connection.on('end', () => process.exit(0));
connection.on('error', (error) => {
  // busybox takes a reset for the end.
  if (isConnected) process.exit(0);
  fail(
    /ENOTFOUND|EAI_AGAIN/.test(error.message)
      ? `bad address '${host}'`
      : `can't connect to remote host: ${error.message}`,
  );
});

function fail(message: string): never {
  process.stderr.write(`nc: ${message}\n`);
  process.exit(1);
}
