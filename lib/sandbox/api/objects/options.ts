import type { Reading } from './read-body.ts';

/** How a write is to be done. */
export interface WriteOptions extends Reading {
  /** Who writes, for field ownership; '' for the server itself. */
  manager: string;
  isDryRun: boolean;
}

/** How the server's own controllers write. */
export const internally: WriteOptions = {
  manager: '',
  isDryRun: false,
  fieldValidation: 'Ignore',
  warn: () => undefined,
};
