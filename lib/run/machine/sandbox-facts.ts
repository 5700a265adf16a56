import type { Fact } from '../../options/index.ts';
import { missingNeeds } from '../../sandbox/index.ts';
import { ask } from './commands.ts';

/** What the built-in cluster needs, or, where something is missing, only that. */
export async function sandboxFacts(): Promise<Fact[]> {
  const [missing, curl, ip] = await Promise.all([
    missingNeeds(),
    versionOf('curl', '--version'),
    versionOf('ip', '-V'),
  ]);
  if (missing.length > 0) return missing;
  return [
    { what: 'curl', found: curl, remedy: '' },
    { what: 'ip (iproute2)', found: ip, remedy: '' },
    { what: 'user namespaces', found: 'allowed', remedy: '' },
  ];
}

async function versionOf(command: string, option: string): Promise<string> {
  const answer = await ask(command, [option]);
  return (answer.ok ? /\d+(\.\d+)+/.exec(answer.stdout)?.[0] : undefined) ?? 'some version';
}
