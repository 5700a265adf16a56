import type { DriverSpec } from '../driver.ts';
import type { Mistake } from '../file/schema.ts';
import type { Path } from '../file/source.ts';
import { fill } from '../template/template.ts';
import { sampleFilling } from './samples.ts';

/** What Kubernetes takes for a text, and how to say so. */
interface Form {
  pattern: RegExp;
  words: string;
}

const forms = {
  apiVersion: { pattern: /^([a-z0-9][a-z0-9.-]*\/)?v\d+((alpha|beta)\d+)?$/, words: 'GROUP/VERSION, such as apps/v1' },
  kind: { pattern: /^[A-Z][A-Za-z0-9]*$/, words: 'a kind begins with a capital letter, such as Deployment' },
  name: {
    pattern: /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
    words: "lower-case letters, digits, '-' and '.'",
  },
  roleName: { pattern: /^[^/%\s]+$/, words: "no '/', '%' or space" },
  namespace: {
    pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    words: "lower-case letters, digits and '-', 63 at most",
  },
  // https://pkg.go.dev/github.com/distribution/reference
  image: {
    pattern:
      /^([a-z0-9.-]+(:\d+)?\/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:\w[\w.-]{0,127})?(@[a-z0-9]+([+._-][a-z0-9]+)*:[0-9a-f]{32,})?$/,
    words: 'NAME:TAG or NAME@sha256:DIGEST, a name of lower-case letters',
  },
  markName: { pattern: /^([a-z0-9][a-z0-9.-]*\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/, words: 'PREFIX/NAME' },
  label: {
    pattern: /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/,
    words: "63 letters, digits, '-', '_' and '.' at most",
  },
} satisfies Record<string, Form>;

/** What Kubernetes would never take of a driver's objects, images and marks, once their placeholders are filled in. */
export function renderingMistakes(spec: DriverSpec): Mistake[] {
  const rendered = fill({ ...spec, install: [], uninstall: [] }, sampleFilling(spec));
  const steps = fill({ install: spec.install, uninstall: spec.uninstall }, sampleFilling(spec));
  return [
    ...objectMistakes(rendered, []),
    ...objectMistakes(steps, []),
    ...(['images', 'podImages'] as const).flatMap((field) =>
      (rendered[field] ?? []).flatMap((image, index) => misfit(image, forms.image, [field, index])),
    ),
    ...markMistakes(rendered.enrol ?? {}),
    ...misfit(rendered.controlPlane?.namespace, forms.namespace, ['controlPlane', 'namespace']),
    ...misfit(rendered.dataPlane?.container, forms.namespace, ['dataPlane', 'container']),
    ...misfit(rendered.requires?.clusterDomain, forms.name, ['requires', 'clusterDomain']),
  ];
}

/** Everything that names an object: manifests, and references to one. */
function objectMistakes(node: unknown, path: Path): Mistake[] {
  if (Array.isArray(node)) return node.flatMap((item, index) => objectMistakes(item, [...path, index]));
  if (typeof node !== 'object' || node === null) return [];
  const fields = node as Record<string, unknown>;
  const namesOne = path.length > 0 && ['apiVersion', 'kind'].every((field) => typeof fields[field] === 'string');
  const own = namesOne ? identityMistakes(fields, path) : [];
  return [...own, ...Object.entries(fields).flatMap(([key, value]) => objectMistakes(value, [...path, key]))];
}

function identityMistakes(fields: Record<string, unknown>, path: Path): Mistake[] {
  const metadata = fields['metadata'] as Record<string, unknown> | undefined;
  const [names, at] = metadata === undefined ? [fields, path] : [metadata, [...path, 'metadata']];
  const name = String(fields['apiVersion']).startsWith('rbac.') ? forms.roleName : forms.name;
  return [
    ...misfit(fields['apiVersion'], forms.apiVersion, [...path, 'apiVersion']),
    ...misfit(fields['kind'], forms.kind, [...path, 'kind']),
    ...misfit(names['name'], name, [...at, 'name']),
    ...misfit(names['namespace'], forms.namespace, [...at, 'namespace']),
    ...(metadata === undefined ? [] : textMarkMistakes(fields, path)),
  ];
}

/** Labels and annotations of an object and of its pods that Kubernetes reads as something else than texts. */
function textMarkMistakes(fields: Record<string, unknown>, path: Path): Mistake[] {
  const places = [
    ['metadata', 'labels'],
    ['metadata', 'annotations'],
    ['spec', 'selector', 'matchLabels'],
    ['spec', 'template', 'metadata', 'labels'],
    ['spec', 'template', 'metadata', 'annotations'],
  ];
  return places.flatMap((place) => {
    const marks = place.reduce<unknown>((node, step) => (isFields(node) ? node[step] : undefined), fields);
    return Object.entries(isFields(marks) ? marks : {}).flatMap(([key, value]): Mistake[] => {
      if (typeof value === 'string') return [];
      const message = `Kubernetes reads ${JSON.stringify(value)} here, and wants a text; write it in quotes`;
      return [{ path: [...path, ...place, key], of: 'value', message }];
    });
  });
}

function isFields(node: unknown): node is Record<string, unknown> {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}

function markMistakes(enrol: NonNullable<DriverSpec['enrol']>): Mistake[] {
  return (['namespace', 'pod', 'service'] as const).flatMap((object) => {
    const { labels = {}, annotations = {} } = enrol[object] ?? {};
    return [
      ...Object.keys({ ...labels, ...annotations }).flatMap((key) => {
        const list = key in labels ? 'labels' : 'annotations';
        return misfit(key, forms.markName, ['enrol', object, list, key], 'key');
      }),
      ...Object.entries(labels).flatMap(([key, value]) => misfit(value, forms.label, ['enrol', object, 'labels', key])),
    ];
  });
}

function misfit(value: unknown, { pattern, words }: Form, path: Path, of: Mistake['of'] = 'value'): Mistake[] {
  if (value === undefined || (typeof value === 'string' && pattern.test(value))) return [];
  return [{ path, of, message: `${JSON.stringify(value)} is not allowed here by Kubernetes; allowed: ${words}` }];
}
