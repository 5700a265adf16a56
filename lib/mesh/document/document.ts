import { scopes } from '../checks/placeholders.ts';
import { features } from '../facts.ts';
import { driverSchema, type FieldSchema, fieldsOf, objectWithin, resolved } from '../schema-fields.ts';

/** The document whose generated sections follow the schema. `npm run docs` writes them. */
export const driversDocument = new URL('../../../docs/drivers.md', import.meta.url);

/** What each placeholder stands for, and an example. */
export const placeholderMeanings: Record<string, [meaning: string, example: string]> = {
  name: [
    'a name for the objects of this one policy; it differs for every client, server and port. Route and target may both have it; two objects of one kind in a namespace need more, such as `{{name}}-2`',
    'curl-to-tcp-echo-9000',
  ],
  port: ['the port that the client calls; it is the same for the Service and the container', '9000'],
  'port.text': ['the same as a text, for APIs that want one', '"9000"'],
  match: ['a name for each kind of HTTP request that is allowed', 'match-1'],
  path: ['a regular expression for the allowed path; missing if every path is allowed', '/get'],
  method: ['the allowed HTTP method; missing if every method is allowed', 'GET'],
  headers: [
    'names of headers to regular expressions for their values; a field or list item that is only `{{headers|}}` is left out if no header matters',
    '{ x-user: alice }',
  ],
  'client.namespace': ["the client's namespace", 'curl'],
  'client.serviceAccount': [
    "the client's ServiceAccount: with its namespace, the identity that a policy has to name",
    'curl',
  ],
  'client.app': [
    "the client's Deployment and its label `app`. Two clients can have ServiceAccounts of one name and different labels: use the label only if the mesh has no better identity",
    'curl',
  ],
  'server.namespace': ["the server's namespace", 'tcp-demo'],
  'server.serviceAccount': ["the server's ServiceAccount", 'tcp-echo'],
  'server.app': ["the server's Deployment, its label `app` and its Service", 'tcp-echo'],
  'service.protocol': ['what a Service of the fixtures speaks: `http` or `tcp`', 'http'],
  'cluster.domain': ["the domain of the cluster's Services", 'cluster.local'],
  kubeconfig: [
    "the path of the cluster's kubeconfig; a command also has it in KUBECONFIG",
    '~/.local/state/meshproof/runs/c2gmz3/kubeconfig',
  ],
  'modes.permissive': ["the value of permissive mode for the installation; the mode's `words`, if it has some", 'true'],
  'modes.egress': ['the same for egress', 'true'],
  'pod.namespace': ['the namespace of the pod whose diagnostics are collected', 'curl'],
  'pod.name': ['its name', 'curl-5-dd666fd8b-f99nq'],
};

/** The kinds of steps, each with its definition in the schema. */
const stepKinds = {
  run: 'runStep',
  apply: 'applyStep',
  patch: 'patchStep',
  delete: 'deleteStep',
  wait: 'waitStep',
} as const;

/**
 * The document with its generated sections renewed: what is between `<!-- begin NAME -->` and `<!-- end NAME -->`.
 * @throws Error if a section is missing
 */
export function renewed(markdown: string): string {
  const sections = {
    fields: Object.entries(fieldsOf(driverSchema)).map(([name, schema]) => topField(name, schema)),
    steps: Object.entries(stepKinds).flatMap(([kind, definition]) => [
      `A step of ${code(kind)}:`,
      ...subfields({ $ref: `#/definitions/${definition}` }),
    ]),
    shared: [
      ...(['mode', 'allow', 'manifest', 'object'] as const).map(sharedSection),
      diagnosticSection(),
      sharedSection('marks'),
    ],
    features: [
      table(
        ['feature', 'the mesh promises that'],
        Object.entries(features).map(([name, promise]) => [code(name), promise]),
      ),
    ],
    placeholders: [
      table(
        ['placeholder', 'stands for', 'such as'],
        Object.entries(placeholderMeanings).map(([name, [meaning, example]]) => [code(name), meaning, code(example)]),
      ),
      table(
        ['in', 'placeholders besides set.KEY and var.NAME'],
        scopes.map(({ where, names, optional = [] }) => {
          const all = [...names, ...optional.map((name) => `${name}|default`)];
          return [code(where), all.map(code).join(', ') || 'none'];
        }),
      ),
    ],
  };
  return Object.entries(sections).reduce((text, [name, parts]) => {
    const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/drivers.md has no section ${name}`);
    return `${text.slice(0, from + begin.length)}\n\n${parts.join('\n\n')}\n\n${text.slice(to)}`;
  }, markdown);
}

function topField(name: string, schema: FieldSchema): string {
  const isRequired = driverSchema.required?.includes(name) ?? false;
  const within = sharedName(schema) === undefined ? subfields(schema) : [];
  const form = `Form: ${formOf(schema)}.`;
  return [`### ${name}${isRequired ? '' : ' (optional)'}`, ...describe(schema), form, ...within].join('\n\n');
}

function sharedSection(name: Shared): string {
  const schema: FieldSchema = { $ref: `#/definitions/${name}` };
  return [`### ${titles[name]}`, ...describe(schema), ...subfields(schema)].join('\n\n');
}

/** Its two forms are a condition and its alternative. */
function diagnosticSection(): string {
  const schema = driverSchema.definitions?.['diagnostic'] ?? {};
  const other = typeof schema.else === 'object' ? (schema.else.then ?? {}) : {};
  return [
    `### ${titles.diagnostic}`,
    ...describe(schema),
    'One that runs a command:',
    ...subfields(schema.then ?? {}),
    'One that lists objects:',
    ...subfields(other),
  ].join('\n\n');
}

/** Definitions that have a heading of their own, and are not repeated where they are used. */
const titles = {
  steps: 'Steps',
  attempt: 'Steps',
  mode: 'A mode',
  allow: 'What lets a client in',
  manifest: 'A manifest',
  object: 'An object',
  diagnostic: 'A diagnostic',
  marks: 'Labels and annotations',
} as const;

type Shared = keyof typeof titles;

/** Forms that need other words than the type. */
const named: Record<string, string> = {
  name: 'name',
  duration: 'duration, such as `15s`',
  fileName: 'file name',
  feature: 'word of [Features](#features)',
  argv: 'list of texts',
  strings: 'texts, each as KEY: TEXT',
  signatures: 'list of texts',
};

/** A table of the fields within a schema, without those of shared definitions; nothing if there are none. */
function subfields(schema: FieldSchema): string[] {
  const rows = rowsOf(schema, '');
  return rows.length === 0 ? [] : [table(['field', 'form', 'meaning'], rows)];
}

/** The shared definition of a field or of its items. */
function sharedName({ $ref = '', items }: FieldSchema): Shared | undefined {
  const name = ($ref || (items?.$ref ?? '')).replace('#/definitions/', '');
  return Object.keys(titles).find((each): each is Shared => each === name);
}

/** The form of a field: `text`, `list of names`, one of some words. */
function formOf(schema: FieldSchema): string {
  const link = sharedName(schema);
  if (link !== undefined) return linked(link, schema);
  const name = schema.$ref?.replace('#/definitions/', '') ?? '';
  const known = named[name];
  if (known !== undefined) return known;
  const { const: only, enum: some, type, items, additionalProperties } = resolved(schema);
  if (only !== undefined) return `always ${code(String(only))}`;
  if (some !== undefined) return some.map(code).join(' or ');
  if (items !== undefined) return `list of ${formOf(items).replace(/^(name|text|word)\b/, '$1s')}`;
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

/** A row for each field within, down to shared definitions. */
function rowsOf(schema: FieldSchema, prefix: string): string[][] {
  const { items, additionalProperties } = resolved(schema);
  const step = items === undefined ? '' : '[].';
  const within = prefix + (typeof additionalProperties === 'object' ? 'NAME.' : step);
  const { properties = {}, required = [] } = objectWithin(schema);
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = within + name;
    const form = `${formOf(field)}${required.includes(name) ? '; required' : ''}`;
    const row = [code(path), form, describe(field).join(' ')];
    return [row, ...(sharedName(field) === undefined ? rowsOf(field, `${path}.`) : [])];
  });
}

/** The schema's description, as a sentence. */
function describe(schema: FieldSchema): string[] {
  const { description: text } = resolved(schema);
  if (text === undefined) return [];
  const begun = text.replace(/^(false(?= )|.)/, (begin) => (begin === 'false' ? '`false`' : begin.toUpperCase()));
  return [/[.:]$/.test(begun) ? begun : `${begun}.`];
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}
