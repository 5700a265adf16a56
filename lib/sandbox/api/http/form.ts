/** The form in which a client wants objects: whole, as metadata only, or as the rows of a table. */
import type { Manifest } from '../../contract.ts';
import type { Column, Resource } from '../resources/index.ts';

type Present = (objects: Manifest[]) => Record<string, unknown>;

/** How to show objects, one by one (in a watch, or for a get) or as a list. */
export interface Form {
  one(object: Manifest): unknown;
  list(objects: Manifest[], resourceVersion: string): unknown;
}

export function formOf(accept: string, includeObject: string | null, resource: Resource): Form {
  const wanted = accept.split(',').map((part) => /(?:^|;)\s*as=(\w+)/.exec(part)?.[1]);
  switch (wanted.find((one) => one !== undefined)) {
    case 'Table':
      return tableForm(resource, includeObject ?? 'Metadata');
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      return metadataForm();
    default:
      return wholeForm(resource);
  }
}

function wholeForm(resource: Resource): Form {
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return {
    one: (object) => object,
    list: (items, resourceVersion) => ({ kind: resource.listKind, apiVersion, metadata: { resourceVersion }, items }),
  };
}

function partial(object: Manifest): Record<string, unknown> {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

function metadataForm(): Form {
  return {
    one: partial,
    list: (objects, resourceVersion) => ({
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion },
      items: objects.map(partial),
    }),
  };
}

function tableForm(resource: Resource, includeObject: string): Form {
  const table =
    (resourceVersion: string): Present =>
    (objects) => ({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion },
      columnDefinitions: resource.columns.map(definitionOf),
      rows: objects.map((object) => ({
        cells: resource.columns.map((column) => column.cell(object)),
        object: includeObject === 'Object' ? object : includeObject === 'None' ? null : partial(object),
      })),
    });
  return {
    one: (object) => table(object.metadata.resourceVersion ?? '')([object]),
    list: (objects, resourceVersion) => table(resourceVersion)(objects),
  };
}

function definitionOf({ name, type, format = '', description = '', priority }: Column): Record<string, unknown> {
  return { name, type, format, description, priority };
}
