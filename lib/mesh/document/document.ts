import { features } from '../features.ts';
import { driverSchema, type FieldSchema, fieldsOf, resolved } from '../fields.ts';
import { placeholderScopes } from '../scopes.ts';

/** Definitions that are told of once, under a heading of their own, and not where they are used. */
const shared = ['steps', 'mode', 'allow', 'manifest', 'object', 'diagnostic', 'marks'] as const;

/** The kinds of steps, each with the definition that says what goes with it. */
const stepKinds = ['runStep', 'applyStep', 'patchStep', 'deleteStep', 'waitStep'] as const;

/** What `docs/drivers.md` holds: every field of a driver, from the schema, and how a driver is written and tried. */
export function driversDocument(): string {
  const fields = Object.entries(fieldsOf(driverSchema)).map(([name, schema]) => topField(name, schema));
  return `${[
    intro,
    '## The file, field by field',
    driverSchema.description ?? '',
    ...fields,
    '## What several fields have in common',
    ...shared.map(sharedSection),
    '## Features',
    'A driver says of each one that the mesh has it, or why not. A claim that needs one which is not supported is reported as unsupported, with that reason.',
    table(
      ['feature', 'the mesh promises that'],
      Object.entries(features).map(([name, promise]) => [code(name), promise]),
    ),
    '## Placeholders',
    placeholderIntro,
    table(
      ['in', 'placeholders'],
      placeholderScopes().map(({ where, names }) => [code(where), names.map(code).join(', ') || 'none of its own']),
    ),
  ].join('\n\n')}\n`;
}

const intro = `# Drivers: any mesh by one YAML file

<!-- Written by npm run docs from meshes/schema.json; a unit test fails where the two differ. -->

A driver says how to install a mesh, enrol a workload, switch the mesh's modes, let a client in, and collect
diagnostics. It is data: no code is written for a mesh. Drivers that come with the program lie in \`meshes/\`
(\`meshproof list --meshes\`); those in \`meshes/unverified/\` were written from documents and never tried.

    meshproof driver init my-mesh.yaml --name my-mesh    a commented file to start from
    meshproof driver check my-mesh.yaml                  is it sound? runs nothing
    meshproof driver try my-mesh.yaml                    each part on a cluster, with what came of it
    meshproof run --mesh my-mesh.yaml                    the claims

Begin the file with \`# yaml-language-server: $schema=meshes/schema.json\`, with the right path to this project, and an
editor completes and checks it. A wrong file is refused with line, field and what is allowed, before anything is made.

When every part does what it is for, and a run has shown it, set \`verified\` to the version and the day. Until then
every list, run and report says that the driver is unverified.`;

const placeholderIntro = `A text may hold \`{{name}}\`, and where a value can be missing \`{{name|default}}\`; in quotes, since braces mean
something to YAML. A text that is one placeholder and nothing else takes the value's own type: \`'{{port}}'\` is a number,
\`'{{port.text}}'\` a text. Wherever there are placeholders at all, there are also \`{{set.KEY|default}}\`, what the user gave
the installer by \`--set KEY=VALUE\`, and \`{{var.NAME}}\`, one of the driver's own \`variables\`.`;

function topField(name: string, schema: FieldSchema): string {
  const isRequired = driverSchema.required?.includes(name) ?? false;
  const link = sharedName(schema);
  const within = link === undefined ? subfields(schema) : [`See ${titles[link]}.`];
  return [`### ${name}${isRequired ? '' : ' (optional)'}`, ...describe(schema), ...form(schema), ...within].join(
    '\n\n',
  );
}

function sharedSection(name: (typeof shared)[number]): string {
  const schema: FieldSchema = { $ref: `#/definitions/${name}` };
  if (name !== 'steps') return [`### ${titles[name]}`, ...describe(schema), ...subfields(schema)].join('\n\n');
  const rows = stepKinds.flatMap((kind) => rowsOf({ $ref: `#/definitions/${kind}` }, ''));
  return [`### ${titles.steps}`, stepsIntro, table(['field', '', 'meaning'], rows)].join('\n\n');
}

const titles = {
  steps: 'Steps',
  mode: 'A mode',
  allow: 'What lets a client in',
  manifest: 'A manifest',
  object: 'An object',
  diagnostic: 'A diagnostic',
  marks: 'Labels and annotations',
};

const stepsIntro =
  'A step is exactly one of run, apply, patch, delete and wait. They are done in order; the first that fails ends them. A command is printed before it runs, and gets the cluster as KUBECONFIG.';

function describe(schema: FieldSchema): string[] {
  const { description } = resolved(schema);
  return description === undefined ? [] : [sentence(description)];
}

function subfields(schema: FieldSchema): string[] {
  const rows = rowsOf(schema, '');
  return rows.length === 0 ? [] : [table(['field', '', 'meaning'], rows)];
}

/** A row for each field within, those of shared definitions left out. */
function rowsOf(schema: FieldSchema, prefix: string): string[][] {
  const whole = resolved(schema);
  const required = new Set(requiredOf(whole));
  return Object.entries(fieldsOf(schema)).flatMap(([name, field]) => {
    const path = prefix + pathStep(whole) + name;
    const link = sharedName(field);
    const meaning = [...describe(field), ...form(field), ...(link === undefined ? [] : [`See ${titles[link]}.`])].join(
      ' ',
    );
    const row = [code(path), required.has(name) ? 'required' : '', meaning];
    return [row, ...(link === undefined ? rowsOf(field, `${path}.`) : [])];
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

function sharedName({ $ref = '', items }: FieldSchema): (typeof shared)[number] | undefined {
  const name = ($ref || (items?.$ref ?? '')).replace('#/definitions/', '');
  return shared.find((each) => each === name);
}

/** What values are allowed, where that is not a matter of fields. */
function form(schema: FieldSchema): string[] {
  const { const: only, enum: some, type } = resolved(schema);
  if (only !== undefined) return [`Always ${code(String(only))}.`];
  if (some !== undefined) return [`One of ${some.map(code).join(', ')}.`];
  return type === 'boolean' ? ['true or false.'] : [];
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.:]$/.test(begun) ? begun : `${begun}.`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
