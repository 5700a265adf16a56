/** Which ReplicaSet belongs to a Deployment's present template. */
import { createHash } from 'node:crypto';
import type { Manifest } from '../../contract.ts';
import { at, copy, type Fields, fieldsOf, isFields, same } from '../json.ts';
import { amend, type Core, create, internally } from '../objects/index.ts';
import { controlledBy, ownedBy } from './owned.ts';

const hashLabel = 'pod-template-hash';
const revision = 'deployment.kubernetes.io/revision';

/** The set of the present template; made where there is none, unless `isReadOnly` or the Deployment is paused. */
export function currentSet(
  core: Core,
  deployment: Manifest,
  options: { isReadOnly?: boolean } = {},
): Manifest | undefined {
  const sets = ownedBy(core, 'replicasets.apps', deployment);
  const found = sets.find((set) => same(templateOf(set), templateOf(deployment)));
  if (options.isReadOnly || (found === undefined && at(deployment, 'spec', 'paused') === true)) return found;
  const latest = Math.max(0, ...sets.filter((set) => set !== found).map(revisionOf));
  const number = found !== undefined && revisionOf(found) > latest ? revisionOf(found) : latest + 1;
  setRevision(core, 'deployments.apps', deployment, number);
  if (found === undefined) return makeSet(core, deployment, number);
  setRevision(core, 'replicasets.apps', found, number);
  return found;
}

export function revisionOf(set: Manifest): number {
  return Number(set.metadata.annotations?.[revision] ?? 0);
}

function setRevision(core: Core, storage: string, object: Manifest, number: number): void {
  amend(core, core.registry.builtin(storage), object.metadata, (draft) => {
    draft.metadata.annotations = { ...draft.metadata.annotations, [revision]: String(number) };
    return true;
  });
}

/** A template without the label that tells sets apart. */
function templateOf(owner: Manifest): Fields {
  const template = copy(fieldsOf(at(owner, 'spec', 'template')));
  const labels = at(template, 'metadata', 'labels');
  if (isFields(labels)) delete labels[hashLabel];
  return template;
}

function makeSet(core: Core, deployment: Manifest, number: number): Manifest {
  const template = templateOf(deployment);
  const hash = hashOf(template);
  const metadata = fieldsOf(template['metadata']);
  const labels = { ...fieldsOf(metadata['labels']), [hashLabel]: hash };
  const selector = fieldsOf(at(deployment, 'spec', 'selector'));
  return create(
    core,
    core.registry.builtin('replicasets.apps'),
    deployment.metadata.namespace ?? '',
    {
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        labels,
        annotations: { ...deployment.metadata.annotations, [revision]: String(number) },
        ownerReferences: [controlledBy(deployment)],
      },
      spec: {
        replicas: 0,
        selector: { ...selector, matchLabels: { ...fieldsOf(selector['matchLabels']), [hashLabel]: hash } },
        template: { ...template, metadata: { ...metadata, labels } },
      },
    },
    internally,
  );
}

// Names made of the hash must not spell words: no vowels.
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

function hashOf(template: Fields): string {
  const digest = createHash('sha256').update(JSON.stringify(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => alphabet.charAt(byte % alphabet.length)).join('');
}
