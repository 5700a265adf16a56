/** Label selectors, as the query parameter writes them and as `spec.selector` does. */
import { badRequest } from '../errors.ts';
import { fieldsOf, itemsOf, stringsOf, textOf } from '../json.ts';

export type Labels = Readonly<Record<string, unknown>>;
export type LabelTest = (labels: Labels) => boolean;

const setBased = /^([^\s!=,()]+)\s+(in|notin)\s*\(([^)]*)\)$/;
const equality = /^([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)$/;
const existence = /^(!?)\s*([^\s!=,()]+)$/;

/** @throws ApiError 400 for a selector that cannot be read. */
export function labelTest(selector: string): LabelTest {
  const tests = requirements(selector).map(requirementTest);
  return (labels) => tests.every((test) => test(labels));
}

/** Commas inside parentheses belong to a requirement. */
function requirements(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function requirementTest(text: string): LabelTest {
  const [, setKey, setOperator, values] = setBased.exec(text) ?? [];
  if (setKey !== undefined && values !== undefined) {
    const wanted = values.split(',').map((value) => value.trim());
    if (setOperator === 'in') return (labels) => setKey in labels && wanted.includes(textOf(labels[setKey]));
    return (labels) => !(setKey in labels && wanted.includes(textOf(labels[setKey])));
  }
  const [, key, operator, value] = equality.exec(text) ?? [];
  if (key !== undefined) return (labels) => (labels[key] === value) === (operator !== '!=');
  const [, not, name] = existence.exec(text) ?? [];
  if (name === undefined) throw badRequest(`unable to parse requirement: ${text}`);
  return (labels) => name in labels === (not === '');
}

/** `matchLabels` and `matchExpressions`; an empty selector matches everything. */
export function selectorTest(selector: unknown): LabelTest {
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  const pairs = Object.entries(fieldsOf(matchLabels));
  const expressions = itemsOf(matchExpressions);
  return (labels) =>
    pairs.every(([key, value]) => labels[key] === value) &&
    expressions.every((expression) => {
      const key = textOf(expression['key']);
      const values = stringsOf(expression['values']);
      switch (expression['operator']) {
        case 'In':
          return key in labels && values.includes(textOf(labels[key]));
        case 'NotIn':
          return !(key in labels && values.includes(textOf(labels[key])));
        case 'Exists':
          return key in labels;
        default:
          return !(key in labels);
      }
    });
}
