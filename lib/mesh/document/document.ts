import { placeholderScopes } from '../checks/scopes.ts';
import { features } from '../features.ts';
import { driverSchema, type FieldSchema, fieldsOf } from '../file/fields.ts';
import { placeholderWords } from './placeholder-words.ts';
import { featuresIntro, forms, intro, placeholderIntro, stepsIntro } from './prose.ts';
import { code, describe, formOf, type Shared, sharedName, subfields, table, titles } from './tables.ts';

/** The kinds of steps, each with the definition that says what goes with it. */
const stepKinds = {
  run: 'runStep',
  apply: 'applyStep',
  patch: 'patchStep',
  delete: 'deleteStep',
  wait: 'waitStep',
} as const;

/** What `docs/drivers.md` holds: how a driver is written and tried, and every field of it, from the schema. */
export function driversDocument(): string {
  const fields = Object.entries(fieldsOf(driverSchema)).map(([name, schema]) => topField(name, schema));
  return `${[
    intro,
    '## The file, field by field',
    driverSchema.description ?? '',
    forms,
    ...fields,
    '## What several fields have in common',
    stepsSection(),
    ...(['mode', 'allow', 'manifest', 'object'] as const).map(sharedSection),
    diagnosticSection(),
    sharedSection('marks'),
    '## Features',
    featuresIntro,
    table(
      ['feature', 'the mesh promises that'],
      Object.entries(features).map(([name, promise]) => [code(name), promise]),
    ),
    '## Placeholders',
    placeholderIntro,
    placeholderTable(),
    table(
      ['in', 'placeholders besides those'],
      placeholderScopes().map(({ where, names }) => [code(where), names.map(code).join(', ') || 'none of its own']),
    ),
  ].join('\n\n')}\n`;
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

function stepsSection(): string {
  const kinds = Object.entries(stepKinds).flatMap(([kind, definition]) => [
    `A step of ${code(kind)}:`,
    ...subfields({ $ref: `#/definitions/${definition}` }),
  ]);
  return [`### ${titles.steps}`, stepsIntro, ...kinds].join('\n\n');
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

function placeholderTable(): string {
  const rows = Object.entries(placeholderWords).map(([name, { meaning, example }]) => [
    code(name),
    meaning,
    code(example),
  ]);
  return table(['placeholder', 'stands for', 'such as'], rows);
}
