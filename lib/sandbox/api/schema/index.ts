export { type Decoded, decode, WrongType } from './decode.ts';
export { messages } from './messages.ts';
export {
  builtin,
  builtinSchemas,
  itemSchema,
  memberSchema,
  objectMeta,
  resolved,
  type Schema,
} from './schema.ts';
export { type Structural, structural } from './structural.ts';
