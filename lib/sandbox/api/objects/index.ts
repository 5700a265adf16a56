export { createAddresses } from './addresses.ts';
export { amend, amendStatus, resourceOf } from './amend.ts';
export { type Core, inVersion, now, stored } from './core.ts';
export { create } from './create.ts';
export { type DeleteOptions, inBackground, remove } from './delete.ts';
export { internally, type WriteOptions } from './options.ts';
export { type PatchOptions, patch, type Target } from './patch.ts';
export { readBody } from './read-body.ts';
export { checkVersionGiven, update } from './update.ts';
