export { type Choice, chooseProvider, defaultMesh } from './choose-provider.ts';
export { ownVariables, refuseUnknownVariables, withoutOptions } from './config-environment.ts';
export { describeLack, type Fact, lacking, type MachineFacts } from './facts.ts';
export { environmentName, imageRoles, type OptionRow, optionRows } from './option-rows.ts';
export { type Layer, type OptionValue, readOptionText } from './option-values.ts';
export { EnvironmentError, type ImageRole, type RunOptions, UsageError } from './options.ts';
export { type OptionSources, resolveOptions } from './options-resolve.ts';
