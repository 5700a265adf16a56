import { type Path, readYaml } from '../yaml/index.ts';

export type { Path } from '../yaml/index.ts';

/** One mistake of a driver file: where, and what is allowed there. */
export interface Mistake {
  path: Path;
  of: 'key' | 'value';
  message: string;
}

export function mistake(path: Path, message: string, of: Mistake['of'] = 'value'): Mistake {
  return { path, of, message };
}

/** A driver's text as a value, whose parts know where they are. */
export interface Source {
  value: unknown;
  /** `line:column: field: message` of a mistake. */
  locate(mistake: Mistake): string;
  /** What makes the text unreadable, each with its position; then the value is useless. */
  mistakes: string[];
}

/**
 * Reads a driver's text. The parts about Kubernetes objects are read as `kubectl` reads them; all other fields are YAML
 * 1.2, where `on` and `off` are names of fields. Mistakes are in the answer, not thrown.
 */
export function readSource(text: string): Source {
  const { value, mistakes, place } = readYaml(text, { isKubernetes, placeholders: true });
  return {
    value,
    mistakes: mistakes.map(({ line, column, message }) => `${line}:${column}: ${message}`),
    locate({ path, of, message }) {
      const { line, column } = place(path, of);
      return `${line}:${column}: ${fieldName(path)}${message}`;
    },
  };
}

/** `modes.egress.on[0].merge: `, as one would write it in JavaScript. */
function fieldName(path: Path): string {
  if (path.length === 0) return '';
  const name = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return `${name.replace(/^\./, '')}: `;
}

const ofSteps = /^(install|uninstall|modes\.\w+\.(on|off|invalid))\.\d+\.(apply|patch|merge|delete|wait\.\w+)$/;
const elsewhere =
  /^(enrol|policy\.allow|dataPlane\.annotation|modes\.\w+\.setting\.object|diagnostics\.\w+\.\d+\.objects)$/;

function isKubernetes(path: Path): boolean {
  // Deeper paths are within these, or are the driver's own.
  if (path.length > 5) return false;
  const name = path.join('.');
  return ofSteps.test(name) || elsewhere.test(name);
}
