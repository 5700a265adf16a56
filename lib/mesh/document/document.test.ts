import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { scopes } from '../checks/placeholders.ts';
import { driverSchema, type FieldSchema, resolved } from '../schema-fields.ts';
import { complaintOf, sound } from '../testing/sound-driver.ts';
import { driversDocument, placeholderMeanings, renewed } from './document.ts';

const markdown = readFileSync(driversDocument, 'utf8');

test('docs/drivers.md follows the schema (npm run docs renews it)', () => {
  expect(markdown).toBe(renewed(markdown));
  expect(() => renewed(markdown.replace('<!-- begin steps -->', ''))).toThrow('docs/drivers.md has no section steps');
});

/** The paths of all fields that have no description of their own or of their definition. */
function silent(schema: FieldSchema, path: string): string[] {
  const { properties = {} } = schema;
  return Object.entries(properties).flatMap(([name, field]) => {
    const own = resolved(field).description === undefined ? [`${path}${name}`] : [];
    return [...own, ...(field.$ref === undefined ? silent(field, `${path}${name}.`) : [])];
  });
}

test('the schema describes every field of a driver', () => {
  expect(silent(driverSchema, '')).toEqual([]);
});

test('docs/drivers.md has each field of the schema', () => {
  const text = renewed(markdown);
  for (const name of Object.keys(driverSchema.properties ?? {})) expect(text).toContain(`### ${name}`);
  for (const field of ['permissive', 'pipe', 'words.on', 'annotation.value', 'available.name', 'NAME.default']) {
    expect(text).toContain(`${field}\``);
  }
  expect(text).toContain('| `objects.kind` |');
  expect(text).not.toContain('undefined');
});

test('docs/drivers.md explains each placeholder', () => {
  const names = scopes.flatMap((scope) => [...scope.names, ...(scope.optional ?? [])]);
  expect(Object.keys(placeholderMeanings).sort()).toEqual([...new Set(names)].sort());
});

test('the steps in docs/drivers.md are sound', () => {
  const [, steps = ''] = /```yaml\n([\s\S]*?)```/.exec(markdown) ?? [];
  expect(steps.match(/^- /gm)).toHaveLength(6);
  const indented = steps.replace(/^/gm, '  ').trimEnd();
  expect(() =>
    complaintOf(sound.replace('uninstall: []', `uninstall:\n${indented.replace(', "{{sets}}"', '')}`)),
  ).toThrow('the driver was accepted');
});
