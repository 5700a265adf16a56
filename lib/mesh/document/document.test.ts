import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { placeholderScopes } from '../checks/scopes.ts';
import { driverSchema, type FieldSchema, resolved } from '../file/fields.ts';
import { complaintOf, sound } from '../testing/sound-driver.ts';
import { driversDocument } from './document.ts';
import { placeholderWords } from './placeholder-words.ts';
import { stepsIntro } from './prose.ts';

test('docs/drivers.md is what the schema says (npm run docs writes it anew)', () => {
  expect(readFileSync(new URL('../../../docs/drivers.md', import.meta.url), 'utf8')).toBe(driversDocument());
});

/** The paths of all fields that have no description of their own or of their definition. */
function silent(schema: FieldSchema, path: string): string[] {
  const { properties = {} } = schema;
  return Object.entries(properties).flatMap(([name, field]) => {
    const own = resolved(field).description === undefined ? [`${path}${name}`] : [];
    return [...own, ...(field.$ref === undefined ? silent(field, `${path}${name}.`) : [])];
  });
}

test('the schema says what every field of a driver is for', () => {
  expect(silent(driverSchema, '')).toEqual([]);
});

test('each field of the schema is told of', () => {
  const text = driversDocument();
  for (const name of Object.keys(driverSchema.properties ?? {})) expect(text).toContain(`### ${name}`);
  for (const field of ['permissive', 'pipe', 'words.on', 'annotation.value', 'available.name', 'NAME.default']) {
    expect(text).toContain(`${field}\``);
  }
  expect(text).toContain('| `objects.kind` |');
  expect(text).not.toContain('undefined');
});

test('each placeholder is explained', () => {
  const names = placeholderScopes().flatMap((scope) => scope.names.map((name) => name.replace('|default', '')));
  expect(Object.keys(placeholderWords).sort()).toEqual([...new Set(names)].sort());
});

test('the steps that are shown are sound', () => {
  const [, steps = ''] = /```yaml\n([\s\S]*?)```/.exec(stepsIntro) ?? [];
  expect(steps.match(/^- /gm)).toHaveLength(6);
  const indented = steps.replace(/^/gm, '  ').trimEnd();
  expect(() =>
    complaintOf(sound.replace('uninstall: []', `uninstall:\n${indented.replace(', "{{sets}}"', '')}`)),
  ).toThrow('the driver was accepted');
});
