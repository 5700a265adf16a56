export { type Place, readManifests, readYaml, type YamlText } from './read.ts';
export type { Path, ReadOptions } from './values.ts';
