import type { MeshState } from '../mesh/state.ts';
import type { Fault } from './fault.ts';
import { following, type Settings, settingsOf, trailing, withAllRoutes } from './settings.ts';

/** Changes that the control plane lives through, those of the installation not counted. */
const LIFE = 3;

/** A control plane that does not keep up. */
export const controlPlaneFaults = {
  'dies-and-fails-open': {
    control: () => ({ ...dying(), sidecar: withAllRoutes }),
    data: () => ({
      abandoned: (config) => ({
        ...config,
        egress: true,
        inbound: config.inbound.map((inbound) => ({ ...inbound, rules: [{}] })),
      }),
    }),
  },
  'dies-and-fails-closed': {
    control: dying,
    data: () => ({
      abandoned: (config) => ({
        ...config,
        egress: false,
        routes: [],
        inbound: config.inbound.map((inbound) => ({ ...inbound, rules: [] })),
      }),
    }),
  },
  'dies-and-freezes': { control: dying },
  'one-change-behind': {
    control: () => {
      const [permissive, egress, targets] = [following<boolean>(), following<boolean>(), trailing()];
      return {
        state: (state, now) => ({
          ...state,
          permissive: permissive(state.permissive, now).before,
          egress: egress(state.egress, now).before,
          targets: targets(state.targets, now),
        }),
      };
    },
  },
  'one-policy-behind': {
    control: () => {
      const targets = trailing();
      return { state: (state, now) => ({ ...state, targets: targets(state.targets, now) }) };
    },
  },
} satisfies Record<string, Fault>;

/** It stops at the change after its last one, without a word. */
function dying() {
  const follow = following<Settings>();
  let isDead = false;
  return {
    isDead: () => isDead,
    state: (state: MeshState, now: number): MeshState => {
      isDead = follow(settingsOf(state), now).changes > LIFE;
      return state;
    },
  };
}
