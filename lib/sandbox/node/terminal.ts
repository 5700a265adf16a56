import { hasProgram } from './root.ts';

/**
 * The command line that runs a command on a terminal of its own: Node cannot open one, and util-linux's `script` does
 * nothing else. It stays as wide as it is made: sizes that the client tells later are not passed on.
 *
 * @throws Error, with the text for the user, where the machine has no `script`
 */
export function inTerminal(argv: string[]): string[] {
  if (!hasProgram('script'))
    throw new Error('a terminal needs the program script of util-linux, which this machine lacks: leave --tty out');
  return ['script', '--quiet', '--return', '--command', argv.map(quoted).join(' '), '/dev/null'];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
