import type { RunState } from '../lib/kept-cluster.ts';
import type { StatusCase } from './case.ts';

const HTTPBIN = { apiVersion: 'v1', kind: 'Namespace', name: 'httpbin' };
const OWNER_LABEL = 'app.kubernetes.io/managed-by';

/** Options that use the kept cluster as an existing one. */
export function asExisting({ kubeconfig, context }: RunState): string[] {
  return ['--provider', 'existing', '--kubeconfig', kubeconfig, '--context', context, '--allow-mesh-wide-changes'];
}

/** The cases that are quick on a kept cluster. */
export function casesOnStanding(
  standing: RunState,
  words: { out: string[]; passed: readonly string[] },
  environment: Record<string, string>,
): StatusCase[] {
  const enrolment = ['--claim', 'permissive/enrolment', ...words.passed, ...words.out];
  return [
    {
      name: 'a claim passes',
      status: 0,
      words: ['run', ...standing.words, ...enrolment],
      options: { environment },
      prints: [/1 passed/],
    },
    {
      name: 'a claim passes, npm test',
      status: 0,
      words: ['run', ...standing.words, ...enrolment],
      options: { environment, door: 'npm' },
      prints: [/1 passed/],
    },
    {
      name: 'no such cluster to reuse',
      status: 3,
      words: ['run', '--provider', 'kind', '--reuse', '--cluster-name', `${standing.name}-not`, ...enrolment],
      options: { environment },
      prints: [/no kind cluster/],
    },
    {
      name: 'an image that cannot be pulled',
      status: 3,
      words: ['run', ...asExisting(standing), '--image', 'httpbin=registry.invalid/httpbin:0', ...enrolment],
      options: { environment },
      prints: [/registry\.invalid\/httpbin:0/, /httpbin-[0-9a-z]+-[0-9a-z]+/],
    },
  ];
}

/** A fixture's namespace that another user owns: the run refuses it, and does not change it. */
export function foreignNamespace(
  standing: RunState,
  words: { out: string[]; passed: readonly string[] },
  environment: Record<string, string>,
): StatusCase {
  return {
    name: "a namespace that is not meshproof's",
    status: 3,
    words: ['run', ...standing.words, '--claim', 'permissive/enrolment', ...words.passed, ...words.out],
    options: { environment },
    prints: [/namespace httpbin exists and is not meshproof's/, /delete or rename/],
  };
}

/** Removes meshproof's label from the namespace while `act` runs. */
export async function withForeignNamespace<T>({ cluster }: RunState, act: () => Promise<T>): Promise<T> {
  const found = await cluster.get(HTTPBIN);
  const owner = found?.metadata.labels?.[OWNER_LABEL];
  if (owner === undefined) throw new Error(`namespace ${HTTPBIN.name} is not there, or without the mark`);
  await cluster.patch(HTTPBIN, { metadata: { labels: { [OWNER_LABEL]: null } } });
  try {
    return await act();
  } finally {
    await cluster.patch(HTTPBIN, { metadata: { labels: { [OWNER_LABEL]: owner } } });
  }
}
