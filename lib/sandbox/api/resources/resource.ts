/** What the server knows about one kind in one version. */
import type { Manifest } from '../../contract.ts';
import type { Cause, GroupResource } from '../errors.ts';
import type { Fields } from '../json.ts';
import type { Schema } from '../schema.ts';
import type { Store } from '../store.ts';

export interface Resource extends GroupResource {
  version: string;
  kind: string;
  listKind: string;
  singular: string;
  shortNames?: string[];
  categories?: string[];
  isNamespaced: boolean;
  /** Whether the kind comes from a custom resource definition. */
  isCustom: boolean;
  /** Whether `metadata.generation` counts the changes of the specification. */
  hasGeneration: boolean;
  /** Whether requests leave `status` as it is. */
  hasStatus: boolean;
  /** The status of a new object. */
  newStatus?: Fields;
  /** By default a DNS subdomain. */
  nameRule?: NameRule;
  /** Of the whole object. */
  schema: Schema;
  prepare?: Prepare;
}

/**
 * Sets what the server decides, in place, and returns what is wrong with the object, or with the change from `old` to it.
 * Defaults and rules of single fields are in the schema.
 */
export type Prepare = (object: Manifest, old: Manifest | undefined, store: Store) => Cause[];

interface NameRule {
  pattern: RegExp;
  message: string;
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

export const subdomain: NameRule = {
  pattern: new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`),
  message: "must be a DNS subdomain: at most 253 lowercase letters, digits, '-' and '.'",
};

export const pathSegment: NameRule = { pattern: /^(?!\.\.?$)[^/%]+$/, message: "must be without '/' and '%'" };

export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}
