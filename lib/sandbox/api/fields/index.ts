export { type Applied, applyIntent } from './apply.ts';
export { type Actor, afterUpdate, type Manager, readManagers, writeManagers } from './managers.ts';
export { leavesOf } from './paths.ts';
export { checkTyped } from './typed.ts';
