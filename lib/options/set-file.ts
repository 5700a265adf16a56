import { readFileSync } from 'node:fs';
import { UsageError } from './options.ts';

/**
 * The installer's settings in a file, KEY=VALUE a line; blank lines and lines that begin with # say nothing.
 *
 * @throws UsageError naming file and line.
 */
export function readSetFile(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--set-file ${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`);
  }
  const pairs: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const pair = line.trim();
    if (pair === '' || pair.startsWith('#')) continue;
    if (!/^[^=\s][^=]*=/.test(pair)) throw new UsageError(`${file}:${index + 1}: must be KEY=VALUE, not "${pair}"`);
    pairs.push(pair);
  }
  return pairs;
}
