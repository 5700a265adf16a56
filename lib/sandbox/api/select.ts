/** Label selectors and field selectors. */
import type { Manifest } from '../contract.ts';
import { badRequest } from './errors.ts';
import { at, fieldsOf, itemsOf, stringsOf, textOf } from './json.ts';

export type LabelTest = (labels: Readonly<Record<string, unknown>>) => boolean;

interface Requirement {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  values: string[];
}

function satisfies(requirements: Requirement[]): LabelTest {
  return (labels) =>
    requirements.every(({ key, operator, values }) => {
      const isPresent = key in labels;
      const isListed = isPresent && values.includes(textOf(labels[key]));
      return { In: isListed, NotIn: !isListed, Exists: isPresent, DoesNotExist: !isPresent }[operator];
    });
}

const setBased = /^([^\s!=,()]+)\s+(in|notin)\s*\(([^)]*)\)$/;
const equality = /^([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)$/;
const existence = /^(!?)\s*([^\s!=,()]+)$/;

/**
 * Reads a selector as a query or `kubectl --selector` writes it.
 * @throws ApiError 400 for a malformed selector
 */
export function labelTest(selector: string): LabelTest {
  // Commas inside parentheses belong to a requirement.
  const terms = selector.split(/,(?![^(]*\))/).map((part) => part.trim());
  return satisfies(terms.filter((part) => part !== '').map(requirementIn));
}

function requirementIn(text: string): Requirement {
  const [, setKey, setOperator, list = ''] = setBased.exec(text) ?? [];
  if (setKey !== undefined) {
    const values = list.split(',').map((value) => value.trim());
    return { key: setKey, operator: setOperator === 'in' ? 'In' : 'NotIn', values };
  }
  const [, key, operator, value = ''] = equality.exec(text) ?? [];
  if (key !== undefined) return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] };
  const [, not, name] = existence.exec(text) ?? [];
  if (name === undefined) throw badRequest(`unable to parse requirement: ${text}`);
  return { key: name, operator: not === '' ? 'Exists' : 'DoesNotExist', values: [] };
}

/** Reads `matchLabels` and `matchExpressions`. An empty selector matches everything. */
export function selectorTest(selector: unknown): LabelTest {
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  return satisfies([
    ...Object.entries(fieldsOf(matchLabels)).map(([key, value]) => ({
      key,
      operator: 'In' as const,
      values: [textOf(value)],
    })),
    ...itemsOf(matchExpressions).map(({ key, operator, values }) => ({
      key: textOf(key),
      operator: operator as Requirement['operator'],
      values: stringsOf(values),
    })),
  ]);
}

/** The fields by which objects can be selected, besides name and namespace. */
const selectable: Record<string, string[]> = {
  Pod: ['spec.nodeName', 'spec.serviceAccountName', 'status.phase', 'status.podIP'],
  Event: [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
      (field) => `involvedObject.${field}`,
    ),
    ...['reason', 'type'],
  ],
  Namespace: ['status.phase'],
  Secret: ['type'],
};

/**
 * Reads a selector such as `metadata.name=x,status.phase!=Running`.
 * @throws ApiError 400 for a malformed selector, or a field by which the kind cannot be selected
 */
export function fieldTest(selector: string, kind: string): (object: Manifest) => boolean {
  const fields = ['metadata.name', 'metadata.namespace', ...(selectable[kind] ?? [])];
  const terms = selector.split(',').filter((part) => part !== '');
  const tests = terms.map((part) => {
    const [, field, operator, wanted] = /^([^!=]+?)(==|=|!=)(.*)$/.exec(part) ?? [];
    if (field === undefined) throw badRequest(`invalid selector: '${part}'`);
    if (!fields.includes(field))
      throw badRequest(`"${field}" is not a known field selector of ${kind}: only ${fields.join(', ')}`);
    return (object: Manifest) => (String(at(object, ...field.split('.')) ?? '') === wanted) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}
