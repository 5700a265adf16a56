export { type EgressTargetServers, startEgressTarget } from './egress-target.ts';
export { type LiveEntry, namespacesWithSidecar, reachLive, restoreLive, upExisting } from './existing.ts';
export { imagesLine, type LoadedImages, uselessLines } from './images.ts';
export { KIND_CONFIG, reuseKind, upKind } from './kind.ts';
export type { SettingRef, SettingsRegistry } from './settings.ts';
