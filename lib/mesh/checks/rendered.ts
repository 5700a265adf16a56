import type { DriverSpec } from '../driver.ts';
import { type Fields, isFields, valueAt } from '../objects.ts';
import { type Mistake, mistake, type Path } from '../source.ts';
import { fill } from '../template.ts';
import { namesObject } from './named-objects.ts';
import { sampleFilling } from './samples.ts';

/** The form of a text that Kubernetes accepts, and its description. */
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

/** Where objects have labels and annotations. */
const markPlaces = [
  ['metadata', 'labels'],
  ['metadata', 'annotations'],
  ['spec', 'selector', 'matchLabels'],
  ['spec', 'template', 'metadata', 'labels'],
  ['spec', 'template', 'metadata', 'annotations'],
];

/** What Kubernetes would always refuse in a driver's objects, images and marks, once their placeholders are filled in. */
export function renderingMistakes(spec: DriverSpec): Mistake[] {
  const rendered = fill(spec, sampleFilling(spec));
  return [
    ...objectMistakes(rendered, []),
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
  if (!isFields(node)) return [];
  const own = path.length > 0 && namesObject(node) ? identityMistakes(node, path) : [];
  return [...own, ...Object.entries(node).flatMap(([key, value]) => objectMistakes(value, [...path, key]))];
}

function identityMistakes(fields: Fields, path: Path): Mistake[] {
  const { apiVersion, kind, metadata } = fields;
  const [names, at] = isFields(metadata) ? [metadata, [...path, 'metadata']] : [fields, path];
  const name = String(apiVersion).startsWith('rbac.') ? forms.roleName : forms.name;
  return [
    ...misfit(apiVersion, forms.apiVersion, [...path, 'apiVersion']),
    ...misfit(kind, forms.kind, [...path, 'kind']),
    ...misfit(names['name'], name, [...at, 'name']),
    ...misfit(names['namespace'], forms.namespace, [...at, 'namespace']),
    ...(isFields(metadata) ? [...textMistakes(fields, path), ...selectorMistakes(fields, path)] : []),
  ];
}

/** Labels and annotations of an object and of its pods that Kubernetes does not read as texts. */
function textMistakes(fields: Fields, path: Path): Mistake[] {
  return markPlaces.flatMap((place) => {
    const marks = valueAt(fields, place);
    return Object.entries(isFields(marks) ? marks : {}).flatMap(([key, value]): Mistake[] => {
      if (typeof value === 'string') return [];
      const message = `Kubernetes reads ${JSON.stringify(value)} here, and wants a text; write it in quotes`;
      return [mistake([...path, ...place, key], message)];
    });
  });
}

/** A selector that does not match the labels of its own pods. */
function selectorMistakes(fields: Fields, path: Path): Mistake[] {
  const labels = valueAt(fields, ['spec', 'template', 'metadata', 'labels']);
  const place = ['spec', 'selector', 'matchLabels'];
  const selector = valueAt(fields, place);
  if (!isFields(selector) || valueAt(fields, ['spec', 'template']) === undefined) return [];
  return Object.entries(selector).flatMap(([key, value]): Mistake[] => {
    const label = isFields(labels) ? labels[key] : undefined;
    if (label === value) return [];
    const found = label === undefined ? 'do not have it' : `have ${JSON.stringify(label)}`;
    const message = `the selector does not match the pods: the labels of template.metadata ${found}`;
    return [mistake([...path, ...place, key], message)];
  });
}

function markMistakes(enrol: NonNullable<DriverSpec['enrol']>): Mistake[] {
  return (['namespace', 'pod', 'service'] as const).flatMap((object) =>
    (['labels', 'annotations'] as const).flatMap((list) =>
      Object.entries(enrol[object]?.[list] ?? {}).flatMap(([key, value]) => {
        const path = ['enrol', object, list, key];
        const ofValue = list === 'labels' ? misfit(value, forms.label, path) : [];
        return [...misfit(key, forms.markName, path, 'key'), ...ofValue];
      }),
    ),
  );
}

function misfit(value: unknown, { pattern, words }: Form, path: Path, of: Mistake['of'] = 'value'): Mistake[] {
  if (value === undefined || (typeof value === 'string' && pattern.test(value))) return [];
  return [mistake(path, `${JSON.stringify(value)} is not allowed here by Kubernetes; allowed: ${words}`, of)];
}
