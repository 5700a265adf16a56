import { chooseProvider, lacking, type MachineFacts, type RunOptions } from '../../plan/index.ts';
import { type Colours, coloursFor } from '../colours.ts';
import { exitStatus, explainError } from '../exit-status.ts';
import { meshOnKind, toolsOfDrivers, toolsOfMesh } from '../meshes.ts';
import { describeLeftovers } from './leftovers.ts';
import { gatherFacts } from './machine-facts.ts';
import { type Diagnosis, printDiagnosis } from './print.ts';

/**
 * Says what this machine has and lacks, with the remedies, which provider a run with these options would take, and what
 * former runs left behind.
 *
 * @returns the exit status: fine where some provider works
 */
export async function doctorCommand(
  options: RunOptions,
  colours: Colours = coloursFor(process.stdout),
): Promise<number> {
  const tools = await toolsOfDrivers();
  const [facts, leftovers] = await Promise.all([gatherFacts(tools), describeLeftovers()]);
  const works = [facts.kind, facts.sandbox].some((needs) => lacking([...facts.base, ...needs]).length === 0);
  const diagnosis: Diagnosis = {
    facts: [
      { title: 'Every run', facts: facts.base },
      { title: 'Provider kind', facts: facts.kind },
      { title: 'Provider sandbox', facts: facts.sandbox },
      { title: "Tools of the meshes' drivers", facts: Object.values(facts.tools) },
      { title: 'Of use', facts: facts.optional },
    ],
    choice: await choiceOf(options, facts),
    leftovers,
    works,
  };
  const text = options.json ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : printDiagnosis(diagnosis, colours);
  process.stdout.write(text);
  return works ? exitStatus.fine : exitStatus.broken;
}

async function choiceOf(options: RunOptions, facts: MachineFacts): Promise<Diagnosis['choice']> {
  try {
    return chooseProvider(options, facts, await toolsOfMesh(meshOnKind(options)));
  } catch (error) {
    const { message, remedy } = explainError(error);
    return { trouble: message, ...(remedy === undefined ? {} : { remedy }) };
  }
}
