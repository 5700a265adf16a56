import type { Manifest } from '../../kube/cluster.ts';

/**
 * The version of what a Deployment runs: its first container's image tag; where the image is named by digest alone, the
 * label `app.kubernetes.io/version`; `unknown` where there is neither.
 */
export function deploymentVersion(deployment: Manifest): string {
  const spec = deployment['spec'] as { template?: { spec?: { containers?: { image?: string }[] } } } | undefined;
  const image = spec?.template?.spec?.containers?.[0]?.image ?? '';
  return imageTag(image) ?? deployment.metadata.labels?.['app.kubernetes.io/version'] ?? 'unknown';
}

/** `v1` of `host:5000/name:v1@sha256:…`. */
function imageTag(image: string): string | undefined {
  return /:([\w][\w.-]*)$/.exec(image.replace(/@.*$/, '').replace(/^.*\//, ''))?.[1];
}
