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
}

const word = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

export const questions: readonly Question[] = [
  { flag: 'name', value: 'word', question: 'the word for --mesh', byDefault: () => 'my-mesh', pattern: word },
  { flag: 'project', value: 'text', question: "the mesh's full name", byDefault: (name) => name, pattern: /\S/ },
  { flag: 'version', value: 'text', question: 'its version', byDefault: () => 'v1', pattern: /^\S+$/ },
  {
    flag: 'namespace',
    value: 'name',
    question: "the control plane's namespace",
    byDefault: (name) => `${name}-system`,
    pattern: word,
  },
  {
    flag: 'deployment',
    value: 'name',
    question: "the control plane's Deployment",
    byDefault: (name) => `${name}-controller`,
    pattern: word,
  },
  {
    flag: 'container',
    value: 'name',
    question: "the proxy's container in enrolled pods, empty where there is none",
    byDefault: () => 'proxy',
    pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/,
  },
  {
    flag: 'label',
    value: 'key=value',
    question: 'the label by which a namespace is enrolled',
    byDefault: (name) => `${name}.example/inject=enabled`,
    pattern: /^[\w./-]+=[\w.-]*$/,
  },
];
