import { type FieldSchema, fieldsOf, resolved } from '../file/fields.ts';

/** Definitions that are told of once, under a heading of their own, and not where they are used. */
export const titles = {
  steps: 'Steps',
  attempt: 'Steps',
  mode: 'A mode',
  allow: 'What lets a client in',
  manifest: 'A manifest',
  object: 'An object',
  diagnostic: 'A diagnostic',
  marks: 'Labels and annotations',
} as const;

export type Shared = keyof typeof titles;

/** What the words of a definition say better than its type would. */
const named: Record<string, string> = {
  name: 'name',
  duration: 'duration, such as `15s`',
  fileName: 'file name',
  feature: 'word of [Features](#features)',
  argv: 'list of texts',
  strings: 'texts, each as KEY: TEXT',
  signatures: 'list of texts',
};

/** A table of the fields within a schema, those of shared definitions left out; nothing where there are none. */
export function subfields(schema: FieldSchema): string[] {
  const rows = rowsOf(schema, '');
  return rows.length === 0 ? [] : [table(['field', 'form', 'meaning'], rows)];
}

/** The shared definition that a field is, or is a list of. */
export function sharedName({ $ref = '', items }: FieldSchema): Shared | undefined {
  const name = ($ref || (items?.$ref ?? '')).replace('#/definitions/', '');
  return Object.keys(titles).find((each): each is Shared => each === name);
}

/** What is written at a field: `text`, `list of names`, one of some words. */
export function formOf(schema: FieldSchema): string {
  const link = sharedName(schema);
  if (link !== undefined) return linked(link, schema);
  const name = schema.$ref?.replace('#/definitions/', '') ?? '';
  const known = named[name];
  if (known !== undefined) return known;
  const { const: only, enum: some, type, items, additionalProperties } = resolved(schema);
  if (only !== undefined) return `always ${code(String(only))}`;
  if (some !== undefined) return some.map(code).join(' or ');
  if (items !== undefined) return `list of ${plural(formOf(items))}`;
  if (typeof additionalProperties === 'object') {
    return resolved(additionalProperties).type === 'object'
      ? 'fields, each as NAME: FIELDS'
      : 'texts, each as KEY: TEXT';
  }
  if (type === 'object') return 'fields';
  return type === 'string' ? 'text' : '`false`, or fields';
}

function linked(name: Shared, { items }: FieldSchema): string {
  const link = `[${titles[name]}](#${titles[name].toLowerCase().replaceAll(' ', '-')})`;
  if (name === 'steps') return `list of ${link}`;
  return items === undefined ? link : `list, each ${link}`;
}

function plural(form: string): string {
  if (form.startsWith('`')) return form;
  return form.replace(/^(name|text|word)\b/, '$1s');
}

/** A row for each field within, down to shared definitions. */
function rowsOf(schema: FieldSchema, prefix: string): string[][] {
  const whole = resolved(schema);
  const required = new Set(requiredOf(whole));
  return Object.entries(fieldsOf(schema)).flatMap(([name, field]) => {
    const path = prefix + pathStep(whole) + name;
    const row = [code(path), `${formOf(field)}${required.has(name) ? '; required' : ''}`, describe(field).join(' ')];
    return [row, ...(sharedName(field) === undefined ? rowsOf(field, `${path}.`) : [])];
  });
}

function requiredOf(schema: FieldSchema): readonly string[] {
  const { required, then, items, additionalProperties } = resolved(schema);
  if (required !== undefined) return required;
  if (items !== undefined) return requiredOf(items);
  if (typeof additionalProperties === 'object') return requiredOf(additionalProperties);
  return then === undefined ? [] : requiredOf(then);
}

function pathStep({ items, additionalProperties }: FieldSchema): string {
  if (items !== undefined) return '[].';
  return typeof additionalProperties === 'object' ? 'NAME.' : '';
}

/** What the schema says about itself, as a sentence. */
export function describe(schema: FieldSchema): string[] {
  const { description } = resolved(schema);
  return description === undefined ? [] : [sentence(description)];
}

function sentence(text: string): string {
  const begun = text.startsWith('false ')
    ? text.replace('false', '`false`')
    : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.:]$/.test(begun) ? begun : `${begun}.`;
}

export function code(text: string): string {
  return `\`${text}\``;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
