import type { DriverSpec } from '../driver.ts';
import { type Fields, isFields, namesObject } from '../objects.ts';
import type { Path } from '../source.ts';

/** A Kubernetes object that a driver names, and what the driver says about its fields. */
export interface NamedObject {
  apiVersion: string;
  kind: string;
  /** Where it is named. */
  path: Path;
  /** Its fields: all that it is made with, or those that a patch changes. */
  content?: { fields: Fields; isWhole: boolean; path: Path };
  /** The names that lead to one of its fields. */
  setting?: { steps: readonly string[]; path: Path };
}

/** Every object that a driver names in what a run does with a mesh. @param filled the driver, its placeholders filled in */
export function driverObjects(filled: DriverSpec): NamedObject[] {
  const { diagnostics: _, ...others } = filled;
  return namedObjects(others);
}

/** Manifests, and references to objects with what changes in them, wherever they are in a part of a driver. */
export function namedObjects(node: unknown, path: Path = []): NamedObject[] {
  if (Array.isArray(node)) return node.flatMap((item, index) => namedObjects(item, [...path, index]));
  if (!isFields(node)) return [];
  const { patch, merge, object, path: steps } = node;
  if (namesObject(patch) && isFields(merge)) {
    const content = { fields: merge, isWhole: false, path: [...path, 'merge'] };
    return [{ ...identity(patch), path: [...path, 'patch'], content }];
  }
  if (namesObject(object) && Array.isArray(steps)) {
    const setting = { steps: steps.map(String), path: [...path, 'path'] };
    return [{ ...identity(object), path: [...path, 'object'], setting }];
  }
  if (path.length > 0 && namesObject(node)) {
    if (!('metadata' in node)) return [{ ...identity(node), path }];
    const { metadata: _, ...fields } = node;
    return [{ ...identity(node), path, content: { fields, isWhole: true, path } }];
  }
  return Object.entries(node).flatMap(([key, value]) => {
    // What the API must refuse does not have to be right.
    const isAttempt = key === 'invalid' && path[0] === 'modes';
    return isAttempt ? [] : namedObjects(value, [...path, key]);
  });
}

function identity({ apiVersion, kind }: { apiVersion: string; kind: string }) {
  return { apiVersion, kind };
}
