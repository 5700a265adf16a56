import { fileRows, imageRoles, type OptionRow } from './option-rows.ts';

/** The JSON schema of `meshproof.yaml`, made from the options that may stand in it. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(fileRows.map((row) => [row.name, schemaOf(row)])),
};

function schemaOf(row: OptionRow): object {
  const text = { type: 'string', minLength: 1 };
  switch (row.kind) {
    case 'switch':
      return { type: 'boolean' };
    case 'choice':
      return { enum: row.choices };
    case 'whole':
      return { type: 'integer', minimum: row.least ?? 0 };
    case 'factor':
      return { type: 'number', exclusiveMinimum: 0 };
    case 'duration':
      return { type: 'string', pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h))+$' };
    case 'list':
      return { anyOf: [text, { type: 'array', items: text }] };
    case 'pairs':
      return { type: 'array', items: { type: 'string', pattern: '^[^=\\s][^=]*=' } };
    case 'roles':
      return {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(imageRoles.map((role) => [role, text])),
      };
    case 'text':
    case 'path':
      return text;
  }
}
