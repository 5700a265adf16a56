/** tcp-echo PORT[,PORT...] PREFIX: answers each line with the prefix and that line, as istio/tcp-echo-server does. */
import { createServer } from 'node:net';
import { keepHeapSmall } from '../node-process.ts';

const [ports, prefix] = process.argv.slice(2);
if (ports === undefined || prefix === undefined) {
  process.stderr.write('usage: tcp-echo PORT[,PORT...] PREFIX\n');
  process.exit(1);
}

// Half-open, because a client may end its input and still wait for the answer.
const server = { allowHalfOpen: true, noDelay: true };
for (const port of ports.split(',')) {
  createServer(server, (connection) => {
    let unfinished = '';
    connection.setEncoding('utf8');
    connection.on('data', (chunk: string) => {
      const lines = (unfinished + chunk).split('\n');
      unfinished = lines.pop() ?? '';
      for (const line of lines) {
        process.stdout.write(`request: ${line}\nresponse: ${prefix} ${line}\n`);
        connection.write(`${prefix} ${line}\n`);
      }
    });
    connection.on('end', () => connection.end());
    connection.on('error', () => connection.destroy());
  }).listen(Number(port), '0.0.0.0', () => process.stdout.write(`listening on [::]:${port}\n`));
}

keepHeapSmall();
process.on('SIGTERM', () => process.exit(0));
