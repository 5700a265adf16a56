export { jsonPatch, PatchMisfit } from './json-patch.ts';
export { mergePatch } from './merge.ts';
export { strategicPatch } from './strategic.ts';
