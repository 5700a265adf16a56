export { namespacesWithSidecar } from './at-stake.ts';
export { type EgressTargetServers, startEgressTarget } from './egress-target-container.ts';
export {
  type LiveEntry,
  type ProvidedExisting,
  reachLive,
  restoreLive,
  type UpExistingOptions,
  upExisting,
} from './existing.ts';
export { imagesLine, type LoadedImages, uselessLines } from './images.ts';
export {
  deleteKind,
  KIND_CONFIG,
  type KindOptions,
  kindClusters,
  type ProvidedKind,
  reuseKind,
  type SharedKindOptions,
  type UpKindOptions,
  upKind,
} from './kind.ts';
export type { SettingsRegistry } from './run-record.ts';
export type { SettingRef } from './settings.ts';
