/** Building blocks of the tables that kubectl prints. */
import type { Manifest } from '../../contract.ts';
import type { Column } from './resource.ts';

/** A column of text. */
export function shown(name: string, cell: (object: Manifest) => string, priority = 0): Column {
  return { name, type: 'string', priority, cell };
}

export function counted(name: string, cell: (object: Manifest) => number, priority = 0): Column {
  return { name, type: 'integer', priority, cell };
}

/** The column of the object's age, under the name that the kind gives it. */
export function dated(name: string): Column {
  return shown(name, (object) => age(object.metadata.creationTimestamp));
}

/** Names the object; first in every table. */
export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  priority: 0,
  cell: (object) => object.metadata.name,
};

/** How long ago a time (RFC 3339) was, in kubectl's words: `35s`, `4m10s`, `3h12m`, `5d`. */
export function age(time: string | undefined): string {
  if (time === undefined) return '<unknown>';
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time)) / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
