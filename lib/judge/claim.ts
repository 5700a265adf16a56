import type { ClaimDescription } from '../evidence/index.ts';
import { ENROLLED } from '../fixtures/table.ts';
import type { ModeName, ModeState } from '../mesh/mesh.ts';
import type { Call } from './calls.ts';
import type { RouteSpec } from './routes.ts';

export type ClaimBody = () => Promise<void>;

/** One promise of a mesh, as a suite declares it. */
export interface Claim extends ClaimDescription {
  /** Modes that it needs when it begins. No other claim switches them until it ends. */
  starts?: ModeState;
  /** Modes that it leaves, where they are others than those it starts from. */
  ends?: ModeState;
  /** The mode that it says to stay: a stability check polls it from the first claim on. */
  stabilityCheck?: ModeName;
  /** True for a claim about the whole run, which is decided after all others. */
  last?: boolean;
  body: ClaimBody;
}

/** A claim in its place in the plan. */
export interface PlannedClaim {
  claim: Claim;
  /** What its body asks for, in order. */
  script: readonly Call[];
  resourceUse: ResourceUse;
  /** 1 for the first time; more with --repeat. */
  run: number;
  /** How often it leaves the modes that it starts from to claims that need them for less time; never unless given. */
  yields?: number;
  /** Why it will not run, where that is known before it starts. */
  skip?: NonNullable<ClaimDescription['skip']>;
}

/** What a claim uses. It decides which claims may be judged beside it. */
export interface ResourceUse {
  /** Clients, and servers of the mesh, by their names in the first fixture set. */
  fixtures: string[];
  /** The modes that it switches. */
  switches: ModeName[];
  /** Whether it makes policies or Services, or replaces pods, and so needs servers that no other claim probes, and clients that no other policy names. */
  policies: boolean;
  /** Whether nothing may be judged beside it: it replaces pods, removes the mesh, or asks it for what it must refuse; with --serial always. */
  alone: boolean;
}

const JUDGED_ALONE: Call['method'][] = ['reinstall', 'invalid', 'restartControlPlane'];

/**
 * @param isSerial whether claims are judged one at a time
 * @param isWide whether a policy reaches further than the server that it names: then nothing is judged beside a claim that
 *   makes policies
 */
export function resourceUseOf(script: readonly Call[], isSerial = false, isWide = false): ResourceUse {
  const fixtures = script.flatMap((call): string[] => {
    if (call.method === 'expect') return [...call.params.answered, ...call.params.refused].flatMap(fixturesOf);
    if (call.method === 'openConnection') return fixturesOf(call.params.route);
    if (call.method === 'expose') return [call.params.server];
    if (call.method === 'replace') return [call.params.fixture];
    if (call.method === 'allow') return call.params.policies.flatMap(({ clients, server }) => [...clients, server]);
    return [];
  });
  const policies = script.some(({ method }) => ['allow', 'expose', 'replace'].includes(method));
  return {
    fixtures: [...new Set(fixtures)].sort(),
    switches: [...new Set(script.flatMap((call) => (call.method === 'mode' ? [call.params.mode] : [])))],
    policies,
    alone: isSerial || (policies && isWide) || script.some(({ method }) => JUDGED_ALONE.includes(method)),
  };
}

function fixturesOf({ client, to }: RouteSpec): string[] {
  return [client, to].filter((name) => (ENROLLED as readonly string[]).includes(name));
}

const ID = /^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/;
const declared = new Map<string, Claim>();

/**
 * Declares a claim. Its suite follows from its id; its level is core unless given.
 * @throws Error on an id that is malformed or taken
 */
export function declareClaim(
  declaration: Omit<Claim, 'suite' | 'level' | 'body'> & Partial<Pick<Claim, 'level'>>,
  body: ClaimBody,
): void {
  const { id } = declaration;
  if (!ID.test(id)) throw new Error(`claim id "${id}" is not of the form suite/slug`);
  if (declared.has(id)) throw new Error(`claim id "${id}" is declared twice`);
  declared.set(id, { level: 'core', ...declaration, suite: id.slice(0, id.indexOf('/')), body });
}

/** The claims of the suites imported so far, in the order of their declaration. */
export function declaredClaims(): Claim[] {
  return [...declared.values()];
}
