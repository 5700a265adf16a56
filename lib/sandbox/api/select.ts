/** Label selectors and field selectors, as a query or `kubectl --selector` writes them. */
import type { Manifest } from '../contract.ts';
import { badRequest } from './errors.ts';
import { at } from './json.ts';

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

/** `!key`, `key`, `key=value`, `key!=value`, `key in (a,b)`, `key notin (a,b)` */
const requirement = /^(!?)\s*([^\s!=,()]+)\s*(?:(==|=|!=)\s*([^\s!=,()]*)|\s(in|notin)\s*\(([^)]*)\))?$/;

/** @throws ApiError 400 for a malformed selector */
export function labelTest(selector: string): LabelTest {
  // Commas inside parentheses belong to a requirement.
  const terms = selector.split(/,(?![^(]*\))/).map((part) => part.trim());
  const tests = terms.filter((part) => part !== '').map(testOf);
  return (labels) => tests.every((test) => test(labels));
}

function testOf(term: string): LabelTest {
  const [, not, key, equality, value = '', set, list = ''] = requirement.exec(term) ?? [];
  if (key === undefined) throw badRequest(`unable to parse requirement: ${term}`);
  if (equality === undefined && set === undefined) return (labels) => key in labels === (not === '');
  const values = set === undefined ? [value] : list.split(',').map((each) => each.trim());
  const isWanted = equality !== '!=' && set !== 'notin';
  return (labels) => (key in labels && values.includes(labels[key] ?? '')) === isWanted;
}

/**
 * Reads a selector such as `metadata.name=x,status.phase!=Running`. Any field may be selected by.
 * @throws ApiError 400 for a malformed selector
 */
export function fieldTest(selector: string): (object: Manifest) => boolean {
  const terms = selector.split(',').filter((part) => part !== '');
  const tests = terms.map((part) => {
    const [, field, operator, wanted] = /^([^!=]+?)(==|=|!=)(.*)$/.exec(part) ?? [];
    if (field === undefined) throw badRequest(`invalid selector: '${part}'`);
    return (object: Manifest) => (String(at(object, ...field.split('.')) ?? '') === wanted) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}
