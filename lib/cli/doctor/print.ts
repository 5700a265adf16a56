import type { Colours } from '../../console/colours.ts';
import type { Fact } from '../../options/index.ts';

/** What doctor found out, for people and for programs. */
export interface Diagnosis {
  facts: { title: string; facts: Fact[] }[];
  /** What `auto`, or the provider that was named, comes to. */
  choice: { provider: string; reason: string } | { problem: string; remedy?: string };
  /** Runs that are dead and left something, what clusters are kept, and what nobody in the registry owns. */
  leftovers: string[];
  /** Whether any provider works here. */
  works: boolean;
}

/** Lines for people: what is there, what is lacking, and under it the remedy. */
export function printDiagnosis(diagnosis: Diagnosis, colours: Colours): string {
  const lines: string[] = [];
  for (const { title, facts } of diagnosis.facts) {
    if (facts.length === 0) continue;
    lines.push(colours.bold(title));
    const width = Math.max(...facts.map((fact) => fact.what.length));
    for (const fact of facts) lines.push(...factLines(fact, width, colours));
    lines.push('');
  }
  const { choice } = diagnosis;
  if ('provider' in choice) {
    lines.push(`A run would take its cluster from ${colours.bold(choice.provider)} (${choice.reason}).`);
  } else {
    lines.push(colours.red(`A run would end at once: ${choice.problem}`));
    for (const remedy of choice.remedy?.split('\n') ?? []) lines.push(`  -> ${remedy}`);
  }
  if (diagnosis.leftovers.length === 0) lines.push('No run has left anything behind.');
  else lines.push('Left behind (meshproof clean):', ...diagnosis.leftovers.map((line) => `  ${line}`));
  return `${lines.join('\n')}\n`;
}

function factLines(fact: Fact, width: number, colours: Colours): string[] {
  const name = fact.what.padEnd(width);
  if (fact.found !== undefined) return [`  ${colours.green('ok')}  ${name}  ${fact.found}`];
  const mark = fact.optional ? colours.yellow('--') : colours.red('NO');
  const problem = `  ${mark}  ${name}  ${fact.problem ?? 'not there'}`;
  return [problem, `      ${' '.repeat(width)}  -> ${fact.remedy}`];
}
