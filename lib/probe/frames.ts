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
    if (text.startsWith('~')) {
      if (open !== undefined) handlers.damaged(open.id, 'the frame has no end');
      open = undefined;
      handlers.beat(text.split(' ').slice(1));
      return;
    }
    if (open === undefined) {
      if (text.startsWith('<<')) open = { id: text.slice(2).split(' ')[0] ?? '', lines: [text] };
      else if (text === 'ready') handlers.ready();
      else handlers.damaged(undefined, `unexpected line "${text.slice(0, 80)}"`);
      return;
    }
    if (text.startsWith('<<')) {
      handlers.damaged(open.id, 'the frame has no end');
      open = { id: text.slice(2).split(' ')[0] ?? '', lines: [text] };
      return;
    }
    if (!text.startsWith('>>')) {
      open.lines.push(text);
      return;
    }
    const { id, lines } = open;
    open = undefined;
    const [endId, digest] = text.slice(2).split(' ');
    if (endId === id && digest === undefined) {
      const frame = parseBrief(lines);
      if (frame === undefined) handlers.damaged(id, 'the two copies of the frame differ');
      else handlers.frame(frame);
      return;
    }
    const actual = createHash('sha256')
      .update(lines.map((each) => `${each}\n`).join(''))
      .digest('hex');
    if (endId !== id || digest !== actual) handlers.damaged(id, 'the digest does not fit the frame');
    else handlers.frame(parseFrame(lines));
  };

  return (chunk) => {
    const pieces = (rest + chunk.toString('latin1')).split('\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) line(piece);
  };
}

function parseFrame(lines: string[]): Frame {
  const [id = '', status] = (lines[0] ?? '').slice(2).split(' ');
  const divider = lines.indexOf('--');
  const decode = (encoded: string[]) => Buffer.from(encoded.join(''), 'base64').toString('utf8');
  return {
    id,
    status: Number(status),
    stdout: decode(lines.slice(1, divider)),
    stderr: decode(lines.slice(divider + 1)),
  };
}

/** Undefined where the copies are not the same. */
function parseBrief(lines: string[]): Frame | undefined {
  const [head = '', ...body] = lines;
  const [id = '', status] = head.slice(2).split(' ');
  const middle = (body.length - 1) / 2;
  const copy = body.slice(0, middle);
  const divider = copy.indexOf('--');
  if (body[middle] !== '==' || divider < 0 || copy.some((text, i) => text !== body[middle + 1 + i])) return undefined;
  const [stdout, stderr] = [copy.slice(0, divider), copy.slice(divider + 1)].map(plain);
  return stdout === undefined || stderr === undefined ? undefined : { id, status: Number(status), stdout, stderr };
}

/** Undefined where a line is neither a whole one nor the last. */
function plain(lines: string[]): string | undefined {
  const isRight = lines.every((line, i) => line.startsWith('|') || (line.startsWith('+') && i === lines.length - 1));
  if (!isRight) return undefined;
  const text = lines.map((line) => (line.startsWith('|') ? `${line.slice(1)}\n` : line.slice(1))).join('');
  return Buffer.from(text, 'latin1').toString('utf8');
}
