import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the process's heap small, because a dozen such run side by side. To be called when everything is loaded, and not by
 * flags of the command line: Node's own modules come from a cache that V8 takes only where all flags are as when it was made.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--optimize-for-size');
}
