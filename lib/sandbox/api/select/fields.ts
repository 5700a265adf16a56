/** Field selectors: `metadata.name=x,status.phase!=Running`. */
import { badRequest } from '../errors.ts';
import { at } from '../json.ts';

export type FieldTest = (object: unknown) => boolean;

const anywhere = ['metadata.name', 'metadata.namespace'];
const byKind: Record<string, string[]> = {
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  Namespace: ['status.phase'],
  Secret: ['type'],
  Service: ['spec.clusterIP', 'spec.type'],
  Node: ['spec.unschedulable'],
  ReplicaSet: ['status.replicas'],
};

/** @throws ApiError 400 for a selector that cannot be read or a field that the kind does not offer. */
export function fieldTest(selector: string, kind: string): FieldTest {
  const offered = [...anywhere, ...(byKind[kind] ?? [])];
  const tests = selector
    .split(',')
    .filter((part) => part !== '')
    .map((part): FieldTest => {
      const [, field, operator, wanted] = /^([^!=]+?)(==|=|!=)(.*)$/.exec(part) ?? [];
      if (field === undefined) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
      if (!offered.includes(field))
        throw badRequest(
          `${JSON.stringify(field)} is not a known field selector: only ${offered.map((one) => JSON.stringify(one)).join(', ')}`,
        );
      const path = field === 'source' ? ['source', 'component'] : field.split('.');
      return (object) => (String(at(object, ...path) ?? '') === wanted) === (operator !== '!=');
    });
  return (object) => tests.every((test) => test(object));
}
