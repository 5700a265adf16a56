import { didYouMean } from '../words/index.ts';
import type { Driver } from './driver.ts';
import { allSteps, driverImages, driverTools } from './facts.ts';
import { placeholderNames } from './template/placeholders.ts';
import { setValues } from './template/sets.ts';
import { splice } from './template/template.ts';

/** Whether the sandbox, which runs no images but its own and no tools of a mesh's, can have a driver's mesh. */
export function fitsSandbox(driver: Driver): boolean {
  const named = [...driverImages(driver, 'images', []), ...driverImages(driver, 'podImages', [])];
  const applied = [...JSON.stringify(allSteps(driver.spec)).matchAll(/"image":"(?:\{\{[^|"]*\|)?([^"}]*)/g)];
  const images = [...named, ...applied.map(([, image = '']) => image)];
  return driverTools(driver).length === 0 && images.every((image) => image.startsWith('meshproof/'));
}

/**
 * Why some of the user's `KEY=VALUE` would do nothing: no placeholder of the driver takes the key, and it does not pass on
 * what it does not know.
 *
 * @returns a sentence, or undefined where every key is used
 */
export function unusedSets({ spec, file }: Driver, sets: readonly string[]): string | undefined {
  if (JSON.stringify(spec).includes(JSON.stringify(splice))) return undefined;
  const placed = [...placeholderNames(spec)].flatMap((name) =>
    name.startsWith('set.') ? name.slice('set.'.length) : [],
  );
  const keys = [...Object.keys(spec.variables ?? {}), ...placed].sort();
  const unused = [...setValues(sets).keys()].find((key) => !keys.includes(key));
  if (unused === undefined) return undefined;
  const takes = keys.length === 0 ? 'it takes none' : `it takes ${keys.join(', ')}`;
  return `--set ${unused}: the driver ${file} does not use this key${didYouMean(unused, keys)} (${takes})`;
}
