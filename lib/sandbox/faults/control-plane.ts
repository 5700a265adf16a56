import type { MeshState } from '../mesh/state.ts';
import { acceptingAnyValueOf } from './driver-changes.ts';
import { changing, inArea, VARIES } from './fault.ts';
import { history, previousTargets, type Settings, settingsOf, withAllRoutes, withRules } from './settings.ts';

/** Number of changes after the installation that the control plane survives. */
const SURVIVED_CHANGES = 3;

/** Faulty meshes whose control plane dies, is late, or checks nothing. */
export const controlPlaneFaults = inArea('control plane', {
  'dies-and-fails-open': {
    description: 'the control plane dies after three changes, and the sidecars let everything in',
    varies: VARIES.changes,
    caughtBy: ['permissive/switches'],
    control: () => ({ ...dying(), sidecar: withAllRoutes }),
    data: () => ({ disconnected: (config) => ({ ...withRules(config, [{}]), egress: true }) }),
  },
  'dies-and-fails-closed': {
    description: 'the control plane dies after three changes, and the sidecars refuse everything',
    varies: VARIES.changes,
    caughtBy: ['permissive/switches'],
    control: dying,
    data: () => ({ disconnected: (config) => ({ ...withRules(config, []), egress: false, routes: [] }) }),
  },
  'dies-and-freezes': {
    description: 'the control plane dies after three changes, and the sidecars keep their last configuration',
    varies: VARIES.changes,
    caughtBy: ['permissive/switches'],
    control: dying,
  },
  'one-change-behind': {
    description: 'of each setting, the last change but one acts',
    varies: VARIES.changes,
    caughtBy: ['permissive/on-opens', 'tcp-routing/allowed-port'],
    ...changing(() => {
      const [ofPermissive, ofEgress, targets] = [history<boolean>(), history<boolean>(), previousTargets()];
      return (state, now) => ({
        ...state,
        permissive: ofPermissive(state.permissive, now).before,
        egress: ofEgress(state.egress, now).before,
        targets: targets(state.targets, now),
      });
    }),
  },
  'one-policy-behind': {
    description: 'of each TrafficTarget, the last change but one acts',
    varies: VARIES.changes,
    caughtBy: ['tcp-routing/allowed-port', 'tcp-routing/target-deleted'],
    ...changing(() => {
      const targets = previousTargets();
      return (state, now) => ({ ...state, targets: targets(state.targets, now) });
    }),
  },
  'accepts-any-value': {
    description: 'the API accepts values for both modes that are not booleans',
    devised: true,
    driver: acceptingAnyValueOf('enablePermissiveTrafficPolicyMode', 'enableEgress'),
    caughtBy: ['permissive/booleans-only', 'egress/booleans-only'],
  },
  'accepts-any-egress-value': {
    description: 'the API accepts values for the egress mode that are not booleans',
    driver: acceptingAnyValueOf('enableEgress'),
    caughtBy: ['egress/booleans-only'],
  },
});

/** The control plane stops silently at the change after its last one. */
function dying() {
  const ofSettings = history<Settings>();
  let isDead = false;
  return {
    isDead: () => isDead,
    state: (state: MeshState, now: number): MeshState => {
      isDead = ofSettings(settingsOf(state), now).changes > SURVIVED_CHANGES;
      return state;
    },
  };
}
