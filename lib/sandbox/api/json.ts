/** Reads and compares JSON values of unknown shape. */
import { isDeepStrictEqual } from 'node:util';

export type Fields = Record<string, unknown>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value, or an empty object if it is no object. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/** The objects in a list; none if it is no list. */
export function itemsOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** The strings in a list; none if it is no list. */
export function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** The value, or '' if it is no string. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The value, or 0 if it is no number. */
export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** The value at a path of field names; undefined if one is missing. */
export function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((here, name) => (isFields(here) ? here[name] : undefined), value);
}

/** A copy that shares nothing with the original, without undefined members. */
export function copy<T>(value: T): T {
  return value === undefined ? value : JSON.parse(JSON.stringify(value));
}

/** Whether two JSON values are equal, in whatever order their members are. */
export function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(copy(a), copy(b));
}
