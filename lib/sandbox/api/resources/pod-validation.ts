/** What makes a pod's spec wrong, in pods and in templates. */
import { type Cause, cause } from '../errors.ts';
import { type Fields, fieldsOf, itemsOf, numberOf, same, textOf } from '../json.ts';
import { labelProblem } from './names.ts';

/** @param path where the spec stands, such as `spec.template.spec`. */
export function podSpecCauses(spec: Fields, path: string): Cause[] {
  const containers = itemsOf(spec['containers']);
  const init = itemsOf(spec['initContainers']);
  const volumes = itemsOf(spec['volumes']).map((volume) => textOf(volume['name']));
  const causes: Cause[] = [];
  if (containers.length === 0) causes.push(cause.required(`${path}.containers`));
  for (const [list, name] of [
    [containers, 'containers'],
    [init, 'initContainers'],
  ] as const)
    list.forEach((container, index) => {
      causes.push(...containerCauses(container, `${path}.${name}[${index}]`, volumes));
    });
  const names = [...init, ...containers].map((container) => textOf(container['name']));
  names.forEach((name, index) => {
    if (names.indexOf(name) < index && name !== '') {
      const at = index - init.length;
      causes.push(cause.duplicate(`${path}.${at < 0 ? `initContainers[${index}]` : `containers[${at}]`}.name`, name));
    }
  });
  const policies = ['Always', 'OnFailure', 'Never'];
  if (!policies.includes(textOf(spec['restartPolicy'])))
    causes.push(cause.unsupported(`${path}.restartPolicy`, spec['restartPolicy'], policies));
  return causes;
}

function containerCauses(container: Fields, path: string, volumes: string[]): Cause[] {
  const causes: Cause[] = [];
  const name = textOf(container['name']);
  const problem = name === '' ? undefined : labelProblem(name);
  if (name === '') causes.push(cause.required(`${path}.name`));
  else if (problem !== undefined) causes.push(cause.invalid(`${path}.name`, name, problem));
  if (textOf(container['image']) === '') causes.push(cause.required(`${path}.image`));
  itemsOf(container['ports']).forEach((port, index) => {
    causes.push(...portCauses(port['containerPort'], `${path}.ports[${index}].containerPort`));
  });
  itemsOf(container['volumeMounts']).forEach((mount, index) => {
    const volume = textOf(mount['name']);
    if (!volumes.includes(volume))
      causes.push({
        reason: 'FieldValueNotFound',
        message: `Not found: ${JSON.stringify(volume)}`,
        field: `${path}.volumeMounts[${index}].name`,
      });
    if (textOf(mount['mountPath']) === '') causes.push(cause.required(`${path}.volumeMounts[${index}].mountPath`));
  });
  return causes;
}

export function portCauses(port: unknown, path: string): Cause[] {
  if (port === undefined) return [cause.required(path)];
  const value = numberOf(port);
  return value >= 1 && value <= 65535 ? [] : [cause.invalid(path, port, 'must be between 1 and 65535, inclusive')];
}

/** Of a pod's spec only the images (and what nobody here uses) may change. */
export function podUpdateCauses(spec: Fields, old: Fields): Cause[] {
  const fixed = (one: Fields): Fields => ({
    ...one,
    containers: itemsOf(one['containers']).map(withoutImage),
    initContainers: itemsOf(one['initContainers']).map(withoutImage),
    nodeName: undefined,
    activeDeadlineSeconds: undefined,
    terminationGracePeriodSeconds: undefined,
    tolerations: undefined,
  });
  if (same(fixed(spec), fixed(old))) return [];
  return [
    cause.forbidden(
      'spec',
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
        '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
        '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    ),
  ];
}

function withoutImage(container: Fields): Fields {
  return { ...fieldsOf(container), image: undefined };
}
