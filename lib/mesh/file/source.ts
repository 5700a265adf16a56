import { type Path, readYaml } from '../../yaml/index.ts';

export type { Path } from '../../yaml/index.ts';

/** A YAML text whose values know where they stand. */
export interface Source {
  value: unknown;
  /** `line:column`, from 1, of the value at `path`, or of the key that leads to it; else of the nearest parent that there is. */
  position(path: Path, of: 'key' | 'value'): string;
  /** What keeps the text from being read, each with its position; the value is of no use then. */
  mistakes: { position: string; message: string }[];
}

/**
 * Reads a driver's text. What it says about Kubernetes' objects is read as `kubectl` reads it; all other fields are the
 * driver's own, and YAML 1.2: there `on` and `off` are the names of fields. Mistakes are listed in the answer, not thrown.
 */
export function readSource(text: string): Source {
  const { value, mistakes, place } = readYaml(text, { isKubernetes, placeholders: true });
  return {
    value,
    mistakes: mistakes.map(({ line, column, message }) => ({ position: `${line}:${column}`, message })),
    position: (path, of) => {
      const { line, column } = place(path, of);
      return `${line}:${column}`;
    },
  };
}

const ofSteps = /^(install|uninstall|modes\.\w+\.(on|off|invalid))\.\d+\.(apply|patch|merge|delete|wait\.\w+)$/;
const elsewhere =
  /^(enrol|policy\.allow|dataPlane\.annotation|modes\.\w+\.setting\.object|diagnostics\.\w+\.\d+\.objects)$/;

function isKubernetes(path: Path): boolean {
  // Deeper ones are within these, or are the driver's own.
  if (path.length > 5) return false;
  const name = path.join('.');
  return ofSteps.test(name) || elsewhere.test(name);
}
