import { type Colours, coloursFor } from '../../console/colours.ts';
import { exitStatus, explainError } from '../../console/exit-status.ts';
import { print, printJson } from '../../console/output.ts';
import { type Driver, listDrivers, loadDriver } from '../../mesh/index.ts';
import { chooseProvider, defaultMesh, type MachineFacts, missingFacts, type RunOptions } from '../../options/index.ts';
import { refuseUnusedSets } from '../../run/machine/choose.ts';
import { gatherFacts, toolsOf } from '../../run/machine/machine-facts.ts';
import { describeLeftovers } from '../../run/registry/leftovers.ts';
import { type Diagnosis, printDiagnosis } from './print.ts';

/**
 * Says what this machine has and lacks, with the remedies, which provider a run with these options would take, and what
 * former runs left behind.
 *
 * @returns the exit status: fine where a run with these options would begin
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
  const works = [facts.kind, facts.sandbox].some((needs) => missingFacts([...facts.base, ...needs]).length === 0);
  const diagnosis: Diagnosis = {
    facts: [
      { title: 'Every run', facts: facts.base },
      { title: 'Provider kind', facts: facts.kind },
      { title: 'Provider sandbox', facts: facts.sandbox },
      { title: "Tools of the meshes' drivers", facts: Object.values(facts.tools) },
      { title: 'Of use', facts: facts.optional },
    ],
    choice: await choiceOf(options, facts, mesh),
    leftovers,
    works,
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
