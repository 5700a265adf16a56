export { builtinResources } from './builtin.ts';
export { instancesFirst } from './definitions.ts';
export { labelKeyProblem, labelValueProblem } from './names.ts';
export { createRegistry, type Registry } from './registry.ts';
export { apiVersionOf, type Column, type Resource, type Subresource } from './resource.ts';
