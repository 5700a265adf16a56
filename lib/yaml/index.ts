export { readManifests, readYaml } from './read.ts';
export type { Path } from './values.ts';
