export { type EgressTargetServers, startEgressTarget } from './egress-target.ts';
export {
  type LiveEntry,
  namespacesWithSidecar,
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
export type { SettingRef, SettingsRegistry } from './settings.ts';
