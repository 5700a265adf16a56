import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { types } from 'node:util';
import { PROJECT } from '../compiled/built.js';
import { exitStatus } from '../console/exit-status.ts';
import { print } from '../console/output.ts';
import { fieldDescription } from '../mesh/index.ts';
import { UsageError } from '../words/index.ts';
import { type Answers, questions } from './answers.ts';

const SKELETON = join(PROJECT, 'meshes/init/driver.yaml.template');

/** Characters of a comment's line. */
const WIDTH = 110;

/**
 * Writes a commented driver to start from. Asks on a terminal for what no flag gives; elsewhere it takes the defaults.
 *
 * @param file where it is written; absent: it is printed
 * @returns the exit status
 * @throws UsageError for a wrong answer, and for a file that exists already
 */
export async function initCommand(file: string | undefined, flags: Partial<Answers>): Promise<number> {
  const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const answers = await collectAnswers(flags, isTerminal ? askOnTerminal : async (_, byDefault) => byDefault);
  const text = driverSkeleton(answers);
  if (file === undefined) print(text);
  else {
    writeNew(file, text);
    print(`wrote ${file}; next: meshproof driver check ${file}\n`);
  }
  return exitStatus.fine;
}

/** Each answer from its flag, else from `ask`. @throws UsageError */
export async function collectAnswers(
  flags: Partial<Answers>,
  ask: (question: string, byDefault: string) => Promise<string>,
): Promise<Answers> {
  const given: Partial<Answers> = {};
  for (const { flag, question, byDefault, pattern, allowed } of questions) {
    const answer = flags[flag] ?? (await ask(question, byDefault(given.name ?? '')));
    if (!pattern.test(answer)) {
      throw new UsageError(`--${flag} "${answer}" cannot be ${question}; allowed: ${allowed}`);
    }
    given[flag] = answer;
  }
  return given as Answers;
}

async function askOnTerminal(question: string, byDefault: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(`${question} [${byDefault}]: `)).trim() || byDefault;
  } finally {
    terminal.close();
  }
}

function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const code = types.isNativeError(error) && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') throw new UsageError(`${file} exists already; name another file`);
    throw new UsageError(`${file} cannot be written: ${code ?? error}`);
  }
}

/**
 * A sound driver file with the schema's description of each field as a comment. Only what `answers` says is right for the
 * mesh; the rest has to be replaced. In the skeleton, `#? FIELD` stands for the description, `<NAME>` for an answer (`<NAME
 * json>` for any text), and `#if container`, `#unless container` and `#end` enclose optional lines.
 */
export function driverSkeleton(answers: Answers): string {
  const [labelKey = '', labelValue = ''] = answers.label.split(/=(.*)/s);
  const values: Record<string, string> = { ...answers, labelKey, labelValue };
  return readFileSync(SKELETON, 'utf8')
    .replace(/^#if container\n([\s\S]*?)^#end\n/gm, answers.container === '' ? '' : '$1')
    .replace(/^#unless container\n([\s\S]*?)^#end\n/gm, answers.container === '' ? '$1' : '')
    .replace(/<(\w+)( json)?>/g, (_, name: string, json?: string) => {
      const value = values[name] ?? '';
      return json === undefined ? value : JSON.stringify(value);
    })
    .replace(/^( *)#\? (.+)$/gm, (_, indent: string, field: string) => wrap(fieldDescription(field), `${indent}# `));
}

function wrap(text: string, prefix: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || prefix.length + line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.map((line) => prefix + line).join('\n');
}
