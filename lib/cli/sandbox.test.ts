import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { shellWord } from './sandbox.ts';

test.each(['/tmp/a/kubeconfig', `/tmp/it's a "b" $HOME \`x\` !\n\\;*/ä`, ''])(
  'a shell reads the word %j back',
  (word) => {
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(word)}`], { encoding: 'utf8' })).toBe(word);
  },
);
