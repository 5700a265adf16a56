import type { ProviderName } from '../kube/cluster.ts';
import { type Driver, driverTools, fitsSandbox } from '../mesh/index.ts';
import { toolRemedy } from '../words/index.ts';
import { describeLack, type Fact, lacking, type MachineFacts } from './facts.ts';
import { EnvironmentError, type RunOptions } from './options.ts';
import { kindOnly } from './options-contradictions.ts';

export interface Choice {
  provider: ProviderName;
  /** Why, for the first line of a run. */
  reason: string;
}

/**
 * Where the cluster of a run comes from. `auto` falls back to the sandbox only if nothing was named that asks for a real
 * cluster: a pipeline whose Docker is down must not turn green.
 *
 * @param mesh the driver of the mesh that the run would test on kind (see {@link defaultMesh}), or was told to
 * @throws EnvironmentError naming all that is lacking, with the remedies.
 */
export function chooseProvider(options: RunOptions, facts: MachineFacts, mesh: Driver): Choice {
  const tools = driverTools(mesh).map((tool) => facts.tools[tool] ?? unknownTool(tool, mesh));
  const lacks = {
    existing: lacking([...facts.base, ...tools]),
    kind: lacking([...facts.base, ...facts.kind, ...tools]),
    // The mesh that the sandbox takes unless told needs no commands; another one does there too.
    sandbox: lacking([...facts.base, ...facts.sandbox, ...(options.mesh === undefined ? [] : tools)]),
  };
  if (options.provider !== 'auto') {
    const missing = lacks[options.provider];
    if (missing.length > 0) throw lackError(`--provider ${options.provider} cannot run here`, missing);
    return { provider: options.provider, reason: `named by the ${options.named['provider'] ?? 'default'}` };
  }
  if (lacks.kind.length === 0) {
    return { provider: 'kind', reason: `auto: ${facts.kind.map((fact) => `${fact.what} ${fact.found}`).join(', ')}` };
  }
  const asksForReal = ['mesh', ...kindOnly].find((name) => options.named[name] !== undefined);
  if (asksForReal !== undefined) {
    throw lackError(
      `${asksForReal} is named by the ${options.named[asksForReal]}, so a real cluster is asked for, and kind cannot run here`,
      lacks.kind,
      otherwise(options, asksForReal, mesh),
    );
  }
  if (lacks.sandbox.length > 0) {
    throw lackError('neither kind nor the sandbox can run here', [...new Set([...lacks.kind, ...lacks.sandbox])]);
  }
  return { provider: 'sandbox', reason: `auto: ${lacks.kind.map(describeLack).join('; ')}` };
}

/** What else can be done, where that can work. */
function otherwise(options: RunOptions, named: string, mesh: Driver): string {
  if (named !== 'mesh') return `or leave out ${named}, which only goes with kind: the sandbox is taken then`;
  if (fitsSandbox(mesh)) return 'or name --provider sandbox, to test in the built-in cluster';
  return `or name a cluster that has ${options.mesh}: --provider existing (the sandbox cannot install it)`;
}

function unknownTool(tool: string, { spec }: Driver): Fact {
  return { what: tool, remedy: toolRemedy(tool, spec.implementation.version) };
}

function lackError(what: string, lacks: readonly Fact[], alternative?: string): EnvironmentError {
  const remedies = [...new Set(lacks.map((fact) => fact.remedy))];
  if (alternative !== undefined) remedies.push(alternative);
  return new EnvironmentError(`${what}: ${lacks.map(describeLack).join('; ')}`, remedies.join('\n'));
}

/** The mesh that is tested when none is named. */
export function defaultMesh(provider: ProviderName): string {
  return provider === 'sandbox' ? 'reference' : 'osm';
}
