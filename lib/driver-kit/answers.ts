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

/** What an answer can be. */
interface Form {
  /** Stands for it in the help. */
  value: string;
  pattern: RegExp;
  /** What the pattern allows, for people. */
  allowed: string;
}

/** One answer: a flag, and the question if the flag is missing. */
export interface Question extends Form {
  flag: keyof Answers;
  question: string;
  byDefault(name: string): string;
}

const word: Form = {
  value: 'name',
  pattern: /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  allowed: "lower-case letters, digits, '-' and '.'",
};
const wordOrNothing: Form = {
  value: 'name',
  pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/,
  allowed: `${word.allowed}, or nothing`,
};
const text: Form = { value: 'text', pattern: /\S/, allowed: 'any text' };
const version: Form = { value: 'text', pattern: /^\S+$/, allowed: 'a text without spaces' };
const label: Form = {
  value: 'key=value',
  pattern: /^([a-z0-9][a-z0-9.-]*\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?=[\w.-]*$/,
  allowed: 'KEY=VALUE or PREFIX/KEY=VALUE, such as mesh.example.io/inject=enabled',
};
const proxy = "the proxy's container in enrolled pods, empty if there is none";
const enrolling = 'the label that enrols a namespace';

export const questions: readonly Question[] = [
  { ...word, flag: 'name', question: 'the name of the mesh, as used by --mesh', byDefault: () => 'my-mesh' },
  { ...text, flag: 'project', question: "the mesh's full name", byDefault: (name) => name },
  { ...version, flag: 'version', question: 'its version', byDefault: () => 'v1' },
  { ...word, flag: 'namespace', question: "the control plane's namespace", byDefault: (name) => `${name}-system` },
  {
    ...word,
    flag: 'deployment',
    question: "the control plane's Deployment",
    byDefault: (name) => `${name}-controller`,
  },
  { ...wordOrNothing, flag: 'container', question: proxy, byDefault: () => 'proxy' },
  { ...label, flag: 'label', question: enrolling, byDefault: (name) => `${name}.example/inject=enabled` },
];
