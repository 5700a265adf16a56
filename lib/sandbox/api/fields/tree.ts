/** FieldsV1, the nested form in which `metadata.managedFields` keeps a set of paths. */
import { type Fields, fieldsOf } from '../json.ts';
import type { Path } from './paths.ts';

export function toTree(paths: Iterable<Path>): Fields {
  const tree: Fields = {};
  for (const path of [...paths].sort()) {
    const steps = JSON.parse(path) as string[];
    let here = tree;
    for (const step of steps) {
      const next = fieldsOf(here[step]);
      here[step] = next;
      here = next;
    }
    if (steps.at(-1)?.startsWith('f:') === false) here['.'] = {};
  }
  return tree;
}

export function fromTree(tree: Fields): Set<Path> {
  const paths = new Set<Path>();
  gather(tree, [], paths);
  return paths;
}

function gather(tree: Fields, steps: string[], into: Set<Path>): void {
  const children = Object.keys(tree).filter((step) => step !== '.');
  if (steps.length > 0 && (children.length === 0 || '.' in tree)) into.add(JSON.stringify(steps));
  for (const step of children) gather(fieldsOf(tree[step]), [...steps, step], into);
}
