/** What a new driver is made from. */
export interface Answers {
  name: string;
  project: string;
  version: string;
  namespace: string;
  deployment: string;
  /** The proxy's container in enrolled pods; empty if there is none. */
  container: string;
  /** KEY=VALUE that enrols a namespace. */
  label: string;
}

/** One answer: a flag, and the question if the flag is missing. */
export interface Question {
  flag: keyof Answers;
  value: string;
  question: string;
  byDefault(name: string): string;
  pattern: RegExp;
  /** What the pattern allows, for people. */
  allowed: string;
}

const word = { pattern: /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, allowed: "lower-case letters, digits, '-' and '.'" };
const label = {
  pattern: /^([a-z0-9][a-z0-9.-]*\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?=[\w.-]*$/,
  allowed: 'KEY=VALUE or PREFIX/KEY=VALUE, such as mesh.example.io/inject=enabled',
};

export const questions: readonly Question[] = [
  {
    flag: 'name',
    value: 'word',
    question: 'the name of the mesh, as used by --mesh',
    byDefault: () => 'my-mesh',
    ...word,
  },
  {
    flag: 'project',
    value: 'text',
    question: "the mesh's full name",
    byDefault: (name) => name,
    pattern: /\S/,
    allowed: 'any text',
  },
  {
    flag: 'version',
    value: 'text',
    question: 'its version',
    byDefault: () => 'v1',
    pattern: /^\S+$/,
    allowed: 'a text without spaces',
  },
  {
    flag: 'namespace',
    value: 'name',
    question: "the control plane's namespace",
    byDefault: (name) => `${name}-system`,
    ...word,
  },
  {
    flag: 'deployment',
    value: 'name',
    question: "the control plane's Deployment",
    byDefault: (name) => `${name}-controller`,
    ...word,
  },
  {
    flag: 'container',
    value: 'name',
    question: "the proxy's container in enrolled pods, empty if there is none",
    byDefault: () => 'proxy',
    pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/,
    allowed: `${word.allowed}, or nothing`,
  },
  {
    flag: 'label',
    value: 'key=value',
    question: 'the label that enrols a namespace',
    byDefault: (name) => `${name}.example/inject=enabled`,
    ...label,
  },
];
