import type { ExecEnd } from '../cluster.ts';
import { isRecord, parseJson } from './failures.ts';

/** Sub-protocols of exec, best first; only v5 can end standard input. */
export const execProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
export const closingProtocol = 'v5.channel.k8s.io';

export const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 };

/** Servers may limit a message's size; a pipe takes no more than this at once anyway. */
const largestInput = 32 * 1024;

/** The channel of a message and what it carries. */
export function openFrame(message: Buffer): { channel: number; payload: Buffer } {
  return { channel: message[0] ?? -1, payload: message.subarray(1) };
}

/** Messages that carry `input` to a command's standard input. */
export function inputFrames(input: string): Buffer[] {
  const bytes = Buffer.from(input);
  const frames: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += largestInput) {
    frames.push(Buffer.concat([Buffer.from([channels.stdin]), bytes.subarray(start, start + largestInput)]));
  }
  return frames;
}

/** The message that ends standard input. */
export function endOfInput(): Buffer {
  return Buffer.from([channels.close, channels.stdin]);
}

/** How a command ended, by the status frame: a Status whose cause `ExitCode` has the number if it is not 0. */
export function readStatus(payload: Buffer): ExecEnd {
  const status = parseJson(payload.toString());
  if (!isRecord(status)) return { fault: `the status frame is no Status: ${payload.toString().slice(0, 200)}` };
  if (status['status'] === 'Success') return { exitCode: 0 };
  const details = isRecord(status['details']) ? status['details'] : {};
  const causes = Array.isArray(details['causes']) ? details['causes'].filter(isRecord) : [];
  const cause = causes.find(({ reason }) => reason === 'ExitCode');
  const exitCode = Number(cause?.['message']);
  if (status['reason'] === 'NonZeroExitCode' && Number.isInteger(exitCode)) return { exitCode };
  return { fault: String(status['message'] ?? 'the command could not be run') };
}
