export {
  type Choice,
  chooseProvider,
  defaultMesh,
  type Fact,
  type MachineFacts,
  missingFacts,
} from './choose-provider.ts';
export { ownVariables, refuseUnknownVariables, withoutOptions } from './environment.ts';
export { type OptionRow, optionRows, type RunOptions } from './options.ts';
export { resolveOptions } from './resolve.ts';
export { type Layer, type OptionValue, readOptionText } from './values.ts';
