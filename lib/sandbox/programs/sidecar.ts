/** The reference mesh's sidecar: handles the pod's connections in both directions as its controller says. */
import { connect } from 'node:net';
import { BufferedWriter } from '../buffered-writer.ts';
import type { ControllerMessage, SidecarHello } from '../mesh/sidecar-config.ts';
import { keepHeapSmall } from '../node-process.ts';
import { SidecarProxy } from './sidecar/proxy.ts';

const RECONNECT_MS = 200;
const LOG_MS = 20;

const log = new BufferedWriter((text) => process.stdout.write(text), LOG_MS);
process.on('exit', () => log.flush());
const proxy = new SidecarProxy((line) => log.add(`${new Date().toISOString()} ${line}\n`));
const socketPath = process.env['CONTROLLER_SOCKET'] ?? '';
const hello: SidecarHello = { podUid: process.env['POD_UID'] ?? '' };

// Without its controller, a sidecar keeps its last configuration.
function connectToController(): void {
  let unfinished = '';
  const controller = connect(socketPath, () => controller.write(`${JSON.stringify(hello)}\n`));
  controller.setEncoding('utf8');
  controller.on('data', (chunk: string) => {
    const lines = (unfinished + chunk).split('\n');
    unfinished = lines.pop() ?? '';
    const latest = lines.at(-1);
    if (latest !== undefined) proxy.update(JSON.parse(latest) as ControllerMessage);
  });
  controller.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED')
      process.stderr.write(`controller: ${error.message}\n`);
  });
  controller.on('close', () => {
    proxy.onDisconnected();
    setTimeout(connectToController, RECONNECT_MS);
  });
}

keepHeapSmall();
process.on('SIGTERM', () => process.exit(0));
connectToController();
