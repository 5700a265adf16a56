import type { Manifest } from '../kube/cluster.ts';
import type { DriverSpec, Marks } from './driver.ts';

/**
 * A manifest with the labels and annotations that enrol its object: a Namespace, a Service, or a Deployment's pods. Other
 * kinds are returned unchanged.
 */
export function enrolManifest(manifest: Manifest, enrol: NonNullable<DriverSpec['enrol']>): Manifest {
  switch (manifest.kind) {
    case 'Namespace':
      return { ...manifest, metadata: mark(manifest.metadata, enrol.namespace) };
    case 'Service':
      return { ...manifest, metadata: mark(manifest.metadata, enrol.service) };
    case 'Deployment': {
      const spec = (manifest['spec'] ?? {}) as { template?: { metadata?: Marks } };
      const template = { ...spec.template, metadata: mark(spec.template?.metadata ?? {}, enrol.pod) };
      return { ...manifest, spec: { ...spec, template } };
    }
    default:
      return manifest;
  }
}

/** The mesh's labels and annotations override those of the manifest. */
function mark<T extends Marks>(metadata: T, { labels, annotations }: Marks = {}): T {
  const marked = { ...metadata };
  if (labels !== undefined) marked.labels = { ...metadata.labels, ...labels };
  if (annotations !== undefined) marked.annotations = { ...metadata.annotations, ...annotations };
  return marked;
}
