/** The form in which a client wants objects: whole, or as the rows of a table. */
import type { Manifest } from '../../contract.ts';
import { apiVersionOf, type Resource } from '../resources/resource.ts';

export interface Form {
  /** For one object, and for the events of a watch. */
  one(object: Manifest): unknown;
  list(objects: Manifest[], resourceVersion: string): unknown;
}

/** @param accept - the request's header; kubectl asks for tables */
export function formOf(accept: string, resource: Resource): Form {
  if (/;\s*as=Table/.test(accept)) return tableForm(resource);
  const { listKind: kind } = resource;
  return {
    one: (object) => object,
    list: (items, resourceVersion) => ({
      kind,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion },
      items,
    }),
  };
}

function tableForm({ columns }: Resource): Form {
  const columnDefinitions = columns.map(({ name, type, format = '', priority }) => ({
    name,
    type,
    format,
    description: '',
    priority,
  }));
  const table = (objects: Manifest[], resourceVersion = ''): unknown => ({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions,
    rows: objects.map((object) => ({ cells: columns.map(({ cell }) => cell(object)), object })),
  });
  return { one: (object) => table([object], object.metadata.resourceVersion), list: table };
}
