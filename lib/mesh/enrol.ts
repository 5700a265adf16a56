import type { Manifest } from '../kube/cluster.ts';
import type { DriverSpec, Marks } from './driver.ts';
import type { Values } from './template.ts';

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

/** The placeholders of what enrols a Service: a fixture names the protocol of each port, and has one protocol only. */
export function serviceValues({ kind, ...manifest }: Manifest): Values {
  if (kind !== 'Service') return { 'service.protocol': 'tcp' };
  const { ports: [port] = [] } = manifest['spec'] as { ports?: { appProtocol?: string }[] };
  return { 'service.protocol': port?.appProtocol ?? 'tcp' };
}

/** The mesh's labels and annotations override those of the manifest. */
function mark<T extends Marks>(metadata: T, { labels, annotations }: Marks = {}): T {
  const marked = { ...metadata };
  if (labels !== undefined) marked.labels = { ...metadata.labels, ...labels };
  if (annotations !== undefined) marked.annotations = { ...metadata.annotations, ...annotations };
  return marked;
}
