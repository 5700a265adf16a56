/** What a new driver is made from. */
export interface Answers {
  name: string;
  project: string;
  version: string;
  namespace: string;
  deployment: string;
  /** The proxy's container in enrolled pods; empty where there is none. */
  container: string;
  /** KEY=VALUE that enrols a namespace. */
  label: string;
}

/** One thing that a new driver needs to be told: a flag, and a question for those who gave none. */
export interface Question {
  flag: keyof Answers;
  value: string;
  question: string;
  byDefault(name: string): string;
  pattern: RegExp;
  /** What the pattern allows, for people. */
  allowed: string;
}

const word = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const wordAllowed = "lower-case letters, digits, '-' and '.'";

export const questions: readonly Question[] = [
  {
    flag: 'name',
    value: 'word',
    question: 'the word for --mesh',
    byDefault: () => 'my-mesh',
    pattern: word,
    allowed: wordAllowed,
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
    pattern: word,
    allowed: wordAllowed,
  },
  {
    flag: 'deployment',
    value: 'name',
    question: "the control plane's Deployment",
    byDefault: (name) => `${name}-controller`,
    pattern: word,
    allowed: wordAllowed,
  },
  {
    flag: 'container',
    value: 'name',
    question: "the proxy's container in enrolled pods, empty where there is none",
    byDefault: () => 'proxy',
    pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/,
    allowed: `${wordAllowed}, or nothing`,
  },
  {
    flag: 'label',
    value: 'key=value',
    question: 'the label by which a namespace is enrolled',
    byDefault: (name) => `${name}.example/inject=enabled`,
    pattern: /^([a-z0-9][a-z0-9.-]*\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?=[\w.-]*$/,
    allowed: 'KEY=VALUE or PREFIX/KEY=VALUE, such as mesh.example.io/inject=enabled',
  },
];
