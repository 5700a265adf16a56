import { isFields, parts } from '../objects.ts';
import { type Mistake, mistake } from '../source.ts';

/** What a word of a shell is, which a program would get as it is written. */
const shellWords: [RegExp, string][] = [
  [/^(\|\|?|&&?|;|>>?|<|2>|2>&1|&>)$/, 'operator'],
  [/^\d?>>?[&\w./]/, 'redirection'],
  [/\$\(.*\)|^`.*`$/, 'substitution'],
  [/^([\w-]+=)?\$([A-Za-z_]\w*|\{\w+\})($|[/.:])/, 'variable'],
  [/^~(\/|$)/, 'home folder'],
  [/^<<-?~?\w/, 'document'],
  [/^[^=]*;$|^[\w./-]+(;|&&)[\w./-]+$/, 'separator'],
  [/^[\w./-]*\/[\w.-]*\*[\w.-]*$|^\*\.\w+$/, 'pattern'],
];

/** Commands of a driver, wherever they are, that only a shell would understand. */
export function* commandMistakes(spec: object): Iterable<Mistake> {
  for (const [step, path] of parts(spec)) {
    if (!isFields(step) || path.includes('apply')) continue;
    for (const field of ['run', 'pipe']) {
      if (Array.isArray(step[field])) yield* argvMistakes(step[field], [...path, field]);
    }
  }
}

function* argvMistakes(argv: string[], path: Mistake['path']): Iterable<Mistake> {
  const program = programMistake(argv[0] ?? '');
  if (program !== undefined) {
    yield mistake([...path, 0], program);
    return;
  }
  for (const [index, word] of argv.entries()) {
    const message = index === 0 || isShellLine(argv, index) ? undefined : wordMistake(word);
    if (message !== undefined) yield mistake([...path, index], message);
  }
}

/** A shell's own line is one word after its -c, and may hold anything. */
function isShellLine([program = '', ...words]: readonly string[], index: number): boolean {
  return /(^|\/)(ba|da|z|k)?sh$/.test(program) && /^-\w*c$/.test(words[index - 2] ?? '');
}

function programMistake(program: string): string | undefined {
  if (program.trim() === '') return 'the program is missing';
  if (/^\w+=/.test(program)) {
    return `"${program}" sets a variable as a shell does, and would be taken for the program; write [env, ${program}, …]`;
  }
  const fixed = program.replace(/\{\{.*?\}\}/g, '');
  if (!/\s/.test(fixed)) return undefined;
  const items = `[${fixed.trim().split(/\s+/).join(', ')}]`;
  return `"${program}" is one word, and would be taken for the program; write each word as an item: ${items}`;
}

function wordMistake(word: string): string | undefined {
  if (word.trim() === '') return 'the word is empty, and the program would get it; leave it out';
  const shown = JSON.stringify(word);
  if (word.trim() !== word) return `${shown} begins or ends with a blank, which the program would get, too`;
  const [, flag, value] = /^(--?[a-z][\w-]*)\s+(.+)$/is.exec(word) ?? [];
  if (flag !== undefined) {
    return `${shown} is one word; write the flag and its value as two items: [${flag}, ${JSON.stringify(value)}]`;
  }
  const [, what] = shellWords.find(([form]) => form.test(word)) ?? [];
  if (what === undefined) return undefined;
  const hint = word === '|' ? 'write the second program as pipe' : "write [sh, -c, '…'] if you mean a shell";
  return `"${word}" is a shell's ${what}, and no shell runs this: the program would get it unchanged; ${hint}`;
}
