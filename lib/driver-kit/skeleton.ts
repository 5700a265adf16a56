import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../compiled/built.js';
import { fieldDescription } from '../mesh/index.ts';
import type { Answers } from './answers.ts';

const skeleton = join(PROJECT, 'meshes/init/driver.yaml.template');

/** Characters of a comment's line. */
const width = 110;

/**
 * A sound driver file with the schema's description of each field as a comment. Only what `answers` says is right for the
 * mesh; the rest has to be replaced. In the skeleton, `#? FIELD` stands for the description, `<NAME>` for an answer (`<NAME
 * json>` for any text), and `#if container`, `#unless container` and `#end` enclose optional lines.
 */
export function driverSkeleton(answers: Answers): string {
  const [labelKey = '', labelValue = ''] = answers.label.split(/=(.*)/s);
  const values: Record<string, string> = { ...answers, labelKey, labelValue };
  return readFileSync(skeleton, 'utf8')
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
    if (line === undefined || prefix.length + line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.map((line) => prefix + line).join('\n');
}
