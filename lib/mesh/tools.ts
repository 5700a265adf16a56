import { didYouMean } from '../words/index.ts';
import type { Driver } from './driver.ts';
import { allSteps, driverImages, driverTools } from './facts.ts';
import { placeholderNames } from './template/placeholders.ts';
import { setValues } from './template/sets.ts';
import { splice } from './template/template.ts';

/** Where the commands that drivers run come from. */
const sources: Record<string, string> = {
  cilium: 'https://github.com/cilium/cilium-cli/releases',
  'consul-k8s': 'https://developer.hashicorp.com/consul/docs/reference-cli/consul-k8s',
  fsm: 'https://github.com/flomesh-io/fsm/releases/tag/{version}',
  helm: 'https://helm.sh/docs/intro/install',
  hubble: 'https://github.com/cilium/hubble/releases',
  istioctl: 'https://github.com/istio/istio/releases/tag/{version}',
  kubectl: 'https://kubernetes.io/docs/tasks/tools',
  kumactl: 'https://github.com/kumahq/kuma/releases',
  linkerd: 'https://github.com/linkerd/linkerd2/releases',
  osm: 'https://github.com/openservicemesh/osm/releases/tag/{version}',
};

/**
 * What to do where a command that a driver runs is not there.
 *
 * @param version of the mesh, where that decides which one to take
 */
export function toolRemedy(tool: string, version?: string): string {
  const source = sources[tool];
  if (source === undefined) return `install ${tool}, and put it on the PATH`;
  // A page of all releases where the version is not known.
  const page = version === undefined ? source.replace('/tag/{version}', '') : source.replace('{version}', version);
  const which = source.includes('{version}') && version !== undefined ? ` ${version}` : '';
  return `install ${tool}${which} (${page}), and put it on the PATH`;
}

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
