import { createHash } from 'node:crypto';

/** The result of one job of the agent. */
export interface Frame {
  id: string;
  status: number;
  stdout: string;
  stderr: string;
}

export interface FrameHandlers {
  ready(): void;
  frame(frame: Frame): void;
  /** Ids of long jobs whose frames have been sent: all of them should have arrived. */
  beat(ids: string[]): void;
  /** Lines that are no whole, undamaged frame; `id` where it can still be read. */
  damaged(id: string | undefined, why: string): void;
}

/** Reads frames from the agent's stdout, in pieces of any size, and refuses those whose digest does not fit. */
export function frameReader(handlers: FrameHandlers): (chunk: Buffer) => void {
  let rest = '';
  let open: { id: string; lines: string[] } | undefined;

  const line = (text: string) => {
    const isBeat = text.startsWith('~');
    const isStart = text.startsWith('<<');
    if (open !== undefined && (isBeat || isStart)) {
      handlers.damaged(open.id, 'the frame has no end');
      open = undefined;
    }
    if (isBeat) handlers.beat(text.split(' ').slice(1));
    else if (isStart) open = { id: text.slice(2).split(' ')[0] ?? '', lines: [text] };
    else if (text === 'ready' && open === undefined) handlers.ready();
    else if (open === undefined) handlers.damaged(undefined, `unexpected line "${text.slice(0, 80)}"`);
    else if (!text.startsWith('>>')) open.lines.push(text);
    else {
      const { id, lines } = open;
      open = undefined;
      const frame = parse(id, lines, text.slice(2).split(' '));
      if (typeof frame === 'string') handlers.damaged(id, frame);
      else handlers.frame(frame);
    }
  };

  return (chunk) => {
    const pieces = (rest + chunk.toString('latin1')).split('\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) line(piece);
  };
}

/** @returns why the frame is damaged, if it is */
function parse(id: string, lines: string[], [endId, digest]: string[]): Frame | string {
  const [head = '', ...body] = lines;
  const status = Number(head.slice(2).split(' ')[1]);
  if (endId === id && digest === undefined) {
    const outputs = briefOutputs(body);
    return outputs === undefined ? 'the two copies of the frame differ' : { id, status, ...outputs };
  }
  const whole = lines.map((each) => `${each}\n`).join('');
  if (endId !== id || digest !== createHash('sha256').update(whole).digest('hex'))
    return 'the digest does not fit the frame';
  const divider = body.indexOf('--');
  const decode = (encoded: string[]) => Buffer.from(encoded.join(''), 'base64').toString('utf8');
  return { id, status, stdout: decode(body.slice(0, divider)), stderr: decode(body.slice(divider + 1)) };
}

/** Undefined where the copies are not the same. */
function briefOutputs(body: string[]): Pick<Frame, 'stdout' | 'stderr'> | undefined {
  const middle = (body.length - 1) / 2;
  const copy = body.slice(0, middle);
  const divider = copy.indexOf('--');
  if (body[middle] !== '==' || divider < 0 || copy.some((text, i) => text !== body[middle + 1 + i])) return undefined;
  const stdout = plain(copy.slice(0, divider));
  const stderr = plain(copy.slice(divider + 1));
  return stdout === undefined || stderr === undefined ? undefined : { stdout, stderr };
}

/** Undefined where a line is neither a whole one nor the last. */
function plain(lines: string[]): string | undefined {
  const isRight = lines.every((line, i) => line.startsWith('|') || (line.startsWith('+') && i === lines.length - 1));
  if (!isRight) return undefined;
  const text = lines.map((line) => (line.startsWith('|') ? `${line.slice(1)}\n` : line.slice(1))).join('');
  return Buffer.from(text, 'latin1').toString('utf8');
}
