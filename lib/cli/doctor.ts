import { type Colours, coloursFor } from '../console/colours.ts';
import { exitStatus, explainError } from '../console/exit-status.ts';
import { print, printJson } from '../console/output.ts';
import { type Driver, listDrivers, loadDriver } from '../mesh/index.ts';
import { chooseProvider, defaultMesh, type Fact, type MachineFacts, type RunOptions } from '../options/index.ts';
import { refuseUnusedSets } from '../run/machine/choose.ts';
import { gatherFacts, toolsOf } from '../run/machine/facts.ts';
import { describeLeftovers } from '../run/registry/leftovers.ts';

/**
 * Checks what this machine needs, chooses the provider for a run with these options, and lists what earlier runs left behind.
 * @returns the exit status: fine if a run with these options could start
 * @throws UsageError as a run does
 */
export async function doctorCommand(
  options: RunOptions,
  colours: Colours = coloursFor(process.stdout),
): Promise<number> {
  const { provider } = options;
  const mesh = await loadDriver(options.mesh ?? defaultMesh(provider === 'auto' ? 'kind' : provider));
  const tools = toolsOf([mesh, ...(await Promise.all((await listDrivers()).map(loadDriver)))]);
  const [facts, leftovers] = await Promise.all([gatherFacts(tools), describeLeftovers()]);
  const diagnosis: Diagnosis = {
    facts: [
      { title: 'Every run', facts: facts.base },
      { title: 'Provider kind', facts: facts.kind },
      { title: 'Provider sandbox', facts: facts.sandbox },
      { title: "Tools of the meshes' drivers", facts: Object.values(facts.tools) },
      { title: 'Useful', facts: facts.optional },
    ],
    choice: await choiceOf(options, facts, mesh),
    leftovers,
  };
  if (options.json) printJson(diagnosis);
  else print(printDiagnosis(diagnosis, colours));
  return 'provider' in diagnosis.choice ? exitStatus.fine : exitStatus.inconclusive;
}

async function choiceOf(options: RunOptions, facts: MachineFacts, mesh: Driver): Promise<Diagnosis['choice']> {
  try {
    const choice = chooseProvider(options, facts, mesh);
    refuseUnusedSets(options, options.mesh === undefined ? await loadDriver(defaultMesh(choice.provider)) : mesh);
    return choice;
  } catch (error) {
    const { status, message, remedy } = explainError(error);
    if (status === exitStatus.wrongUse) throw error;
    return { problem: message, ...(remedy === undefined ? {} : { remedy }) };
  }
}

/** The result of doctor. */
export interface Diagnosis {
  facts: { title: string; facts: Fact[] }[];
  /** The provider of a run, or why none can be used. */
  choice: { provider: string; reason: string } | { problem: string; remedy?: string };
  /** Crashed runs that left something, kept clusters, and clusters without an entry in the registry. */
  leftovers: string[];
}

/** The result for people: what is there, and what is missing with its remedy. */
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
    lines.push(`A run would use the provider ${colours.bold(choice.provider)} (${choice.reason}).`);
  } else {
    lines.push(colours.red(`A run cannot start: ${choice.problem}`));
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
  const problem = `  ${mark}  ${name}  ${fact.problem ?? 'missing'}`;
  return [problem, `      ${' '.repeat(width)}  -> ${fact.remedy}`];
}
