import { EventEmitter, on, once } from 'node:events';
import type { Readable } from 'node:stream';
import type { LogLine, LogOptions } from '../contract.ts';

/** Maximum length of a container's log in characters. The oldest lines go first. */
const MAX_LENGTH = 1024 * 1024;

/** The output of one run of a container, as lines with times. */
export class ContainerLog {
  readonly #lines: LogLine[] = [];
  /** Number of lines that were dropped before `#lines[0]`. */
  #first = 0;
  #size = 0;
  #open = 0;
  readonly #changes = new EventEmitter().setMaxListeners(0);

  /** Adds the lines of a stream until it ends. */
  take(stream: Readable): void {
    let unfinished = '';
    this.#open += 1;
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const texts = (unfinished + chunk).split('\n');
      unfinished = texts.pop() ?? '';
      const time = new Date();
      for (const text of texts) this.#add({ time, text });
      this.#changes.emit('change');
    });
    stream.on('error', () => stream.destroy());
    stream.on('close', () => {
      if (unfinished !== '') this.#add({ time: new Date(), text: unfinished });
      this.#open -= 1;
      this.#changes.emit('change');
    });
  }

  /** The lines, oldest first. With `follow` it waits for more until the streams have ended. */
  async *read({ follow, sinceTime, tailLines, signal }: LogOptions): AsyncIterable<LogLine> {
    let next = this.#first + (tailLines === undefined ? 0 : Math.max(0, this.#lines.length - tailLines));
    const changes = on(this.#changes, 'change', { signal });
    try {
      do {
        while (next < this.#first + this.#lines.length) {
          const line = this.#lines[Math.max(0, next - this.#first)];
          next = Math.max(next, this.#first) + 1;
          if (line !== undefined && (sinceTime === undefined || line.time >= sinceTime)) yield line;
        }
      } while (follow && this.#open > 0 && !(await changes.next()).done);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await changes.return?.();
    }
  }

  /** Waits for the end of the run. Answers its last line, or an empty text. */
  async lastLine(): Promise<string> {
    while (this.#open > 0) await once(this.#changes, 'change');
    return this.#lines.at(-1)?.text ?? '';
  }

  #add(line: LogLine): void {
    this.#lines.push(line);
    this.#size += line.text.length;
    while (this.#size > MAX_LENGTH) {
      this.#size -= this.#lines.shift()?.text.length ?? 0;
      this.#first += 1;
    }
  }
}
