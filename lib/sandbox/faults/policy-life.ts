import type { InboundRule, SidecarConfig } from '../mesh/sidecar-config.ts';
import { awaitingClaims, changing, inArea, type MeshFault, VARIES } from './fault.ts';
import { firstSeen, forgetting, returning } from './memory.ts';
import { history, nameOf, type Policies, withAllRoutes } from './settings.ts';

const RETURNS_AFTER_MS = 6_000;
const UNUSED_MS = 5_000;
const RESYNC_EVERY_MS = 7_000;
const RESYNC_MS = 700;

/** Faulty meshes whose policies do not stay in force, or do not stay ended. */
export const policyLifeFaults = inArea(
  'policies over time',
  awaitingClaims({
    'policy-stops-after-4-s': {
      description: 'a policy stops acting 4 s after it was created',
      caughtBy: ['tcp-routing/policy-stays'],
      ...stopping(4_000),
    },
    'policy-stops-after-10-s': {
      description: 'a policy stops acting 10 s after it was created',
      caughtBy: ['tcp-routing/policy-stays'],
      ...stopping(10_000),
    },
    'policy-stops-when-unused': {
      description: 'a policy that lets nobody in for 5 s never acts again',
      devised: true,
      caughtBy: [],
      ...stoppingWhenUnused(),
    },
    'policies-lost-at-resync': {
      description: 'every 7 s the mesh forgets all policies for 0.7 s',
      varies: VARIES.chance,
      devised: true,
      caughtBy: ['tcp-routing/policy-stays'],
      data: ({ config }) => {
        const isLost = (port: number): boolean => isResync() && !isForAll(config(), port);
        return {
          inbound: (decision, port) =>
            decision.action === 'relay' && isLost(port) ? { action: 'refuse' as const } : decision,
          request: (isAllowed, _, __, port) => isAllowed && !isLost(port),
        };
      },
    },
    'denials-lost-at-resync': {
      description: 'every 7 s each server that a policy names is open to every client of the mesh for 0.7 s',
      varies: VARIES.chance,
      devised: true,
      caughtBy: ['tcp-routing/policy-stays'],
      control: () => ({ sidecar: withAllRoutes }),
      data: ({ config }) => {
        const isOpen = (port: number): boolean => isResync() && rulesOf(config(), port).length > 0;
        return {
          inbound: (decision, port) =>
            decision.action === 'refuse' && isOpen(port) ? { action: 'relay' as const } : decision,
          request: (isAllowed, _, __, port) => isAllowed || isOpen(port),
        };
      },
    },
    'policy-made-while-permissive-never-acts': {
      description: 'a policy that is created in permissive mode does not act when the mode is switched off',
      devised: true,
      caughtBy: ['permissive/on-ignores-policies'],
      ...changing(() => {
        const timesOf = firstSeen();
        const ignored = new Map<string, number>();
        return (state, now) => {
          for (const [name, since] of timesOf(state.targets, now)) {
            if (since === now && state.permissive) ignored.set(name, since);
            else if (ignored.get(name) !== since) ignored.delete(name);
          }
          return { ...state, targets: state.targets.filter((target) => !ignored.has(nameOf(target))) };
        };
      }),
    },
    'permissive-mode-ends-older-policies': {
      description: 'policies that are older than permissive mode do not act after it',
      varies: VARIES.changes,
      devised: true,
      caughtBy: ['permissive/keeps-policies'],
      ...forgetting(() => {
        const ofMode = history<boolean>();
        let onSince = Number.NEGATIVE_INFINITY;
        return ({ permissive }, now) => {
          const { changes, since } = ofMode(permissive, now);
          if (permissive && changes > 0) onSince = since;
          return (made) => !permissive && made < onSince;
        };
      }),
    },
    'egress-switch-ends-policies': {
      description: 'a switch of the egress mode ends all policies that are in force',
      varies: VARIES.changes,
      devised: true,
      caughtBy: ['egress/off-keeps-allowed'],
      ...forgetting(() => {
        const switchedAt = lastSwitch();
        return ({ egress }, now) => {
          const since = switchedAt(egress, now);
          return (made) => made < since;
        };
      }),
    },
    'deleted-while-permissive-returns': {
      description: 'a policy that is deleted in permissive mode acts again when the mode is switched off',
      varies: VARIES.changes,
      caughtBy: ['permissive/keeps-policies'],
      ...returning(
        () =>
          ({ permissive }) =>
          ({ wasPermissive }) =>
            wasPermissive && !permissive,
      ),
    },
    'deleted-policy-returns-after-6-s': {
      description: 'a deleted policy acts again 6 s after its deletion',
      devised: true,
      caughtBy: ['tcp-routing/deleted-stays-deleted'],
      ...returningAfter(RETURNS_AFTER_MS, ['targets', 'tcpRoutes', 'httpRouteGroups']),
    },
    'deleted-route-returns-after-6-s': {
      description: 'a deleted route acts again 6 s after its deletion, if its TrafficTarget still exists',
      devised: true,
      caughtBy: [],
      ...returningAfter(RETURNS_AFTER_MS, ['tcpRoutes', 'httpRouteGroups']),
    },
    'deleted-policy-returns-with-egress': {
      description: 'a deleted policy acts again at the next switch of the egress mode',
      varies: VARIES.changes,
      devised: true,
      caughtBy: [],
      ...returning(() => {
        const switchedAt = lastSwitch();
        return ({ egress }, now) => {
          const since = switchedAt(egress, now);
          return ({ at }) => at < since;
        };
      }),
    },
    'deleted-policy-returns-with-the-next': {
      description: 'a deleted policy acts again when another policy is created',
      varies: VARIES.changes,
      devised: true,
      caughtBy: [],
      ...returning(() => {
        const timesOf = firstSeen();
        return ({ targets }, now) => {
          const newest = Math.max(...timesOf(targets, now).values());
          return ({ at }) => at < newest;
        };
      }),
    },
  }),
);

/** Policies stop acting some time after they were made. */
function stopping(afterMs: number): Pick<MeshFault, 'control'> {
  const late = forgetting(() => (_, now) => (made) => now - made >= afterMs);
  return { control: () => ({ ...late.control?.(), updateAgainAfterMs: afterMs }) };
}

function returningAfter(ms: number, kinds: Policies[]): Pick<MeshFault, 'control'> {
  const late = returning(
    () =>
      (_, now) =>
      ({ kind, at }) =>
        kinds.includes(kind) && now - at >= ms,
  );
  return { control: () => ({ ...late.control?.(), updateAgainAfterMs: ms }) };
}

/** Lets each policy go once it has let nobody in for a while: between two connections, or since it came. */
function stoppingWhenUnused(): Pick<MeshFault, 'data'> {
  return {
    data: ({ config }) => {
      const used = new Map<string, number>();
      const stopped = new Set<string>();
      const isStopped = (port: number, principal: string): boolean => {
        if (isForAll(config(), port)) return false;
        const key = `${principal} ${port}`;
        if (Date.now() - (used.get(key) ?? Date.now()) > UNUSED_MS) stopped.add(key);
        used.set(key, Date.now());
        return stopped.has(key);
      };
      return {
        inbound: (decision, port, principal) =>
          decision.action === 'relay' && isStopped(port, principal) ? { action: 'refuse' } : decision,
        request: (isAllowed, _, principal, port) => isAllowed && !isStopped(port, principal),
      };
    },
  };
}

/** @returns a function that answers when a mode was last switched */
function lastSwitch(): (value: boolean, now: number) => number {
  const ofMode = history<boolean>();
  return (value, now) => {
    const { changes, since } = ofMode(value, now);
    return changes > 0 ? since : Number.NEGATIVE_INFINITY;
  };
}

/** True for some moments every few seconds, by the clock that all sidecars share. */
function isResync(): boolean {
  return Date.now() % RESYNC_EVERY_MS < RESYNC_MS;
}

function rulesOf({ inbound }: SidecarConfig, port: number): InboundRule[] {
  return inbound.find((each) => each.port === port)?.rules ?? [];
}

/** True for a port that every client of the mesh may use: in permissive mode. */
function isForAll(config: SidecarConfig, port: number): boolean {
  return rulesOf(config, port).some(({ principals }) => principals === undefined);
}
