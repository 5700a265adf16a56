import type { DeclaredClaim, ModeState } from '../claim/declare.ts';
import type { Manifest } from '../cluster/cluster.ts';
import { type Driver, declares, driverTitle } from '../mesh/index.ts';
import {
  type Choice,
  type ClaimOrder,
  type Exemption,
  exemptionOf,
  type ModeSwitch,
  orderClaims,
  type RunOptions,
  stateAfter,
  switchesBefore,
} from '../plan/index.ts';

/** All that a run would do, known without touching anything. */
export interface PlanView {
  provider: Choice;
  mesh: { name: string; title: string; driver: string };
  claims: PlannedClaim[];
  exempt: { id: string; exemption: Exemption }[];
  /** Switches of modes between claims. */
  switches: number;
  creates: string[];
  changes: string[];
  afterwards: string[];
}

export interface PlannedClaim {
  id: string;
  says: string;
  level: DeclaredClaim['level'];
  needs: string[];
  /** Switches made before the claim begins. */
  before: ModeSwitch[];
  /** Modes that the claim leaves otherwise than it found them. */
  leaves: ModeState;
}

/** What a plan is made from. */
export interface PlanParts {
  options: RunOptions;
  choice: Choice;
  driver: Driver;
  selected: readonly DeclaredClaim[];
  /** The fixtures' objects as their files give them. */
  fixtures: readonly Manifest[];
}

export function planView(parts: PlanParts): PlanView {
  const { options, choice, driver, selected } = parts;
  const exempt: PlanView['exempt'] = [];
  const able: DeclaredClaim[] = [];
  for (const claim of selected) {
    const exemption = exemptionOf(claim, (feature) => declares(driver, feature), choice.provider, driver.spec.external);
    if (exemption) exempt.push({ id: claim.id, exemption });
    else able.push(claim);
  }
  const order = orderClaims(able, options.seed);
  return {
    provider: choice,
    mesh: { name: driver.spec.name, title: driverTitle(driver), driver: driver.file },
    claims: planned(order),
    exempt,
    switches: order.switches,
    creates: [...clusterLines(parts), ...meshLines(parts), ...fixtureLines(parts)],
    changes: changeLines(parts),
    afterwards: afterLines(parts),
  };
}

function planned(order: ClaimOrder): PlannedClaim[] {
  let state = {};
  return order.claims.map((claim) => {
    const before = switchesBefore(state, claim);
    state = stateAfter(state, claim);
    const { id, says, level, needs, ends = {} } = claim;
    return { id, says, level, needs, before, leaves: ends };
  });
}

function clusterLines({ options, choice }: PlanParts): string[] {
  if (choice.provider === 'existing') return [`nothing of the cluster: context ${options.context} is taken as it is`];
  if (choice.provider === 'sandbox') return ['a sandbox: processes and namespaces that end with the run'];
  const name = options.clusterName ?? (options.reuse ? 'that a run kept last' : 'meshproof-<run id>');
  if (options.reuse) return [`no cluster: the kind cluster ${name} is taken`];
  const image = options.nodeImage === undefined ? '' : `, node image ${options.nodeImage}`;
  const loaded = options.loadImages.map((ref) => `image ${ref} in the cluster, from the local Docker`);
  return [`kind cluster ${name}${image}`, ...loaded];
}

function meshLines({ options, choice, driver }: PlanParts): string[] {
  const { spec } = driver;
  const isThere = choice.provider === 'existing' || !options.install || options.reuse;
  if (isThere) return [`nothing of the mesh: ${spec.name} is taken as it is there`];
  const commands = spec.install.flatMap((step) => ('run' in step ? [step.run.join(' ')] : []));
  const sets = options.sets.length > 0 ? ` with ${options.sets.join(', ')}` : '';
  return commands.length === 0
    ? [`mesh ${spec.name}`]
    : commands.map((command) => `mesh ${spec.name}: ${command}${sets}`);
}

function fixtureLines({ choice, fixtures }: PlanParts): string[] {
  const prefix = choice.provider === 'existing' ? 'meshproof-<run id>-' : '';
  const objectsOf = new Map<string, string[]>();
  for (const { kind, metadata } of fixtures) {
    const namespace = kind === 'Namespace' ? metadata.name : (metadata.namespace ?? 'default');
    const objects = objectsOf.get(namespace) ?? [];
    if (kind !== 'Namespace') objects.push(`${kind} ${metadata.name}`);
    objectsOf.set(namespace, objects);
  }
  return [...objectsOf].map(([namespace, objects]) => `namespace ${prefix}${namespace}: ${objects.join(', ')}`);
}

function changeLines({ driver, selected }: PlanParts): string[] {
  const settings = Object.entries(driver.spec.modes).map(([mode, { setting }]) => {
    if (setting === undefined) return `mode ${mode}, by the driver's steps`;
    const { kind, name, namespace } = setting.object;
    const where = namespace === undefined ? '' : ` in ${namespace}`;
    return `mode ${mode}: ${kind} ${name}${where}, ${setting.path.join('.')}`;
  });
  const needsPolicy = selected.some((claim) => claim.needs.some((feature) => feature.endsWith('-policy')));
  return needsPolicy ? [...settings, "policies in the fixtures' namespaces, made and deleted by the claims"] : settings;
}

function afterLines({ options, choice }: PlanParts): string[] {
  if (choice.provider === 'existing') {
    return ['the namespaces made are deleted', 'each setting is put back to its value, or absence, from before'];
  }
  if (choice.provider === 'sandbox') return ['the sandbox ends'];
  return [options.keep || options.reuse ? 'the kind cluster stays' : 'the kind cluster is deleted'];
}
