/** What the server knows about one kind in one version. */
import type { Manifest } from '../../contract.ts';
import type { Cause, GroupResource } from '../errors.ts';
import type { Schema } from '../schema/schema.ts';
import type { Column } from './columns.ts';

export interface Resource extends GroupResource, Rules {
  version: string;
  /** The version that objects are stored in. Other versions differ in `apiVersion` alone. */
  storageVersion: string;
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
  /** Of the whole object. */
  schema: Schema;
  columns: readonly Column[];
}

/** What makes an object of a kind right. */
export interface Rules {
  nameRule?: NameRule;
  /** Fills in what a request left out; changes `object`. */
  setDefaults?(object: Manifest): void;
  /** Sets what the server decides, such as a status; changes `object`. */
  prepare?(object: Manifest, old: Manifest | undefined): void;
  /** What is wrong with the object, or with the change from `old` to it. */
  validate?(object: Manifest, old: Manifest | undefined): Cause[];
}

export interface NameRule {
  pattern: RegExp;
  message: string;
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

/** For most kinds. */
export const subdomain: NameRule = {
  pattern: new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`),
  message: "must be a DNS subdomain: at most 253 lowercase letters, digits, '-' and '.'",
};

/** For namespaces and containers. */
export const dnsLabel: NameRule = {
  pattern: new RegExp(`^(?=.{1,63}$)${label}$`),
  message: "must be a DNS label: at most 63 lowercase letters, digits and '-'",
};

export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}
