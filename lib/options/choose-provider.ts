import type { ProviderName } from '../kube/cluster.ts';
import { type Driver, driverTools, fitsSandbox } from '../mesh/index.ts';
import { EnvironmentError, toolRemedy } from '../words/index.ts';
import { optionRows, type RunOptions } from './options.ts';

/** One thing that a machine has, or lacks and why. */
export interface Fact {
  /** Its usual name: `kind`, `Docker daemon`. */
  what: string;
  /** Its version, or another short word; absent if it is missing. */
  found?: string;
  /** Why it is missing, if that says more than that it is not installed. */
  problem?: string;
  /** What to do about it. */
  remedy: string;
  /** True if no run fails for it. */
  optional?: true;
}

/** What decides where a run can take place on this machine. */
export interface MachineFacts {
  /** Needed by every run. */
  base: Fact[];
  /** Needed by the provider kind. */
  kind: Fact[];
  /** Needed by the provider sandbox. */
  sandbox: Fact[];
  /** Commands that the drivers name, by command. */
  tools: Record<string, Fact>;
  /** Useful, but not needed. */
  optional: Fact[];
}

/** The facts that are missing and needed. */
export function missingFacts(facts: readonly Fact[]): Fact[] {
  return facts.filter((fact) => fact.found === undefined && !fact.optional);
}

/** `kind is missing`, `Docker daemon: does not answer`. */
function describeMissing(fact: Fact): string {
  return fact.problem === undefined ? `${fact.what} is missing` : `${fact.what}: ${fact.problem}`;
}

export interface Choice {
  provider: ProviderName;
  /** Why, for the first line of a run. */
  reason: string;
}

/** The mesh that is tested when none is named. */
export function defaultMesh(provider: ProviderName): string {
  return provider === 'sandbox' ? 'reference' : 'osm';
}

/**
 * Where the cluster of a run comes from. `auto` falls back to the sandbox only if no option asks for a real cluster: a
 * pipeline whose Docker is down must not turn green.
 *
 * @param mesh the driver of the mesh that the run would test on kind (see {@link defaultMesh}), or the one that was named
 * @throws EnvironmentError with all that is missing, and the remedies
 */
export function chooseProvider(options: RunOptions, facts: MachineFacts, mesh: Driver): Choice {
  const tools = driverTools(mesh).map((tool) => facts.tools[tool] ?? unknownTool(tool, mesh));
  const missing = {
    existing: missingFacts([...facts.base, ...tools]),
    kind: missingFacts([...facts.base, ...facts.kind, ...tools]),
    // The sandbox's default mesh needs no commands.
    sandbox: missingFacts([...facts.base, ...facts.sandbox, ...(options.mesh === undefined ? [] : tools)]),
  };
  const { provider, named } = options;
  if (provider !== 'auto') {
    if (missing[provider].length > 0) throw missingError(`--provider ${provider} cannot run here`, missing[provider]);
    return { provider, reason: `named by the ${named['provider'] ?? 'default'}` };
  }
  if (missing.kind.length === 0) {
    return { provider: 'kind', reason: `auto: ${facts.kind.map((fact) => `${fact.what} ${fact.found}`).join(', ')}` };
  }
  const kindOnly = optionRows.filter((row) => row.providers?.includes('kind')).map((row) => row.name);
  const asksForReal = ['mesh', ...kindOnly].find((name) => named[name] !== undefined);
  if (asksForReal !== undefined) {
    throw missingError(
      `the ${named[asksForReal]} names ${asksForReal}, which needs a real cluster, and kind cannot run here`,
      missing.kind,
      alternative(options, asksForReal, mesh),
    );
  }
  if (missing.sandbox.length > 0) {
    const all = [...new Set([...missing.kind, ...missing.sandbox])];
    throw missingError('neither kind nor the sandbox can run here', all);
  }
  return { provider: 'sandbox', reason: `auto: ${missing.kind.map(describeMissing).join('; ')}` };
}

/** What else can work. */
function alternative(options: RunOptions, named: string, mesh: Driver): string {
  if (named !== 'mesh') return `or leave out ${named}, which is only for kind: then the sandbox is used`;
  if (fitsSandbox(mesh)) return 'or name --provider sandbox, to test in the built-in cluster';
  return `or name a cluster that has ${options.mesh}: --provider existing (the sandbox cannot install it)`;
}

function unknownTool(tool: string, { spec }: Driver): Fact {
  return { what: tool, remedy: toolRemedy(tool, spec.implementation.version) };
}

function missingError(what: string, missing: readonly Fact[], otherwise?: string): EnvironmentError {
  const remedies = [...new Set(missing.map((fact) => fact.remedy))];
  if (otherwise !== undefined) remedies.push(otherwise);
  return new EnvironmentError(`${what}: ${missing.map(describeMissing).join('; ')}`, remedies.join('\n'));
}
