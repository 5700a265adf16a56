/** What the server knows of one kind in one version. */
import type { Manifest } from '../../contract.ts';
import type { Cause, GroupResource } from '../errors.ts';
import type { Fields } from '../json.ts';
import type { Decoded, Schema } from '../schema/index.ts';

export interface Resource extends GroupResource {
  version: string;
  /** The version that objects are stored in; the others differ in `apiVersion` alone. */
  storageVersion: string;
  kind: string;
  listKind: string;
  singular: string;
  shortNames: string[];
  categories: string[];
  isNamespaced: boolean;
  /** Whether `metadata.generation` counts the changes of its specification. */
  hasGeneration: boolean;
  /** Of the whole object: how lists merge, which fields are owned. */
  schema: Schema;
  subresources: readonly Subresource[];
  scale?: ScalePaths;
  verbs: readonly string[];
  rules: Rules;
  columns: readonly Column[];
}

export type Subresource = 'status' | 'scale' | 'log' | 'exec' | 'token';

export interface ScalePaths {
  spec: string[];
  status: string[];
  selector?: string[];
}

/** What makes an object of a kind right. */
export interface Rules {
  /** A copy without unknown fields. @throws WrongType where a value has the wrong type. */
  decode(value: Fields): Decoded;
  /** Fills in what was left out; changes `object`. */
  setDefaults(object: Manifest): void;
  /** What is wrong with it, and on an update with the change. */
  validate(object: Manifest, old: Manifest | undefined): Cause[];
  /** What the server itself decides when an object is made or changed, such as a status or an address; changes `object`. */
  prepare?(object: Manifest, old: Manifest | undefined): void;
  /** What is wrong with the name; undefined where nothing is. */
  nameProblem(name: string): string | undefined;
}

/** One column of `kubectl get`. */
export interface Column {
  name: string;
  type: 'string' | 'integer' | 'boolean' | 'date' | 'number';
  format?: string;
  description?: string;
  /** 0 is shown always, 1 with `-o wide`. */
  priority: number;
  cell(object: Manifest): string | number | boolean | null;
}

export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

export const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;
