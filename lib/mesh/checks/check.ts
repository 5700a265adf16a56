import type { Manifest } from '../../kube/cluster.ts';
import { UsageError } from '../../words/index.ts';
import type { Driver, DriverSpec } from '../driver.ts';
import { type Mistake, schemaMistakes } from '../file/schema.ts';
import { type Path, readSource } from '../file/source.ts';
import { consistencyMistakes } from './consistency.ts';
import { definitionMistakes } from './definitions.ts';
import { intentMistakes } from './intent.ts';
import { ownDefinitionMistakes } from './own-definitions.ts';
import { driverRemarks } from './remarks.ts';
import { renderingMistakes } from './rendered.ts';
import { placeholderMistakes } from './scopes.ts';

export interface DefinitionsOfCluster {
  /** Its custom resource definitions. */
  definitions: readonly Manifest[];
  /** `KEY=VALUE` for the placeholders. */
  sets: readonly string[];
}

/** Enough to work on; a file of another kind altogether would fill the screen. */
const mistakesShown = 10;

/**
 * Checks a driver's text against the schema, its placeholders, and itself. Runs nothing and asks no cluster.
 *
 * @param file its name, for messages
 * @throws UsageError naming file, line, column, field and what is allowed, one mistake per line
 */
export function checkDriver(text: string, file: string): Driver {
  const source = readSource(text);
  refuse(source.mistakes.map(({ position, message }) => `${file}:${position}: ${message}`));
  const locate = ({ path, of, message }: Mistake): string =>
    `${file}:${source.position(path, of)}: ${fieldName(path)}${message}`;
  refuse(schemaMistakes(source.value).map(locate));
  // The schema has said so; no tool carries a JSON Schema over into a type.
  const spec = source.value as DriverSpec;
  refuse([...placeholderMistakes(spec, Object.keys(spec.variables ?? {})), ...consistencyMistakes(spec)].map(locate));
  // Only what has values for all its placeholders can be filled in.
  refuse(renderingMistakes(spec).map(locate));
  refuse([...intentMistakes(spec, new Date().toISOString().slice(0, 10)), ...ownDefinitionMistakes(spec)].map(locate));
  return { file, spec };
}

/**
 * Compares the objects of a sound driver with a cluster's custom resource definitions.
 * @throws UsageError as `checkDriver`
 */
export function checkAgainst({ spec, file }: Driver, text: string, cluster: DefinitionsOfCluster): void {
  const source = readSource(text);
  const mistakes = definitionMistakes(spec, cluster.definitions, cluster.sets);
  refuse(mistakes.map(({ path, of, message }) => `${file}:${source.position(path, of)}: ${fieldName(path)}${message}`));
}

/** What is allowed in a sound driver, and hardly meant: see `driverRemarks`. One line each, with its place. */
export function remarksOn({ spec, file }: Driver, text: string): string[] {
  const source = readSource(text);
  return driverRemarks(spec).map(
    ({ path, of, message }) => `${file}:${source.position(path, of)}: ${fieldName(path)}${message}`,
  );
}

function refuse(lines: string[]): void {
  if (lines.length === 0) return;
  const more = lines.length - mistakesShown;
  throw new UsageError([...lines.slice(0, mistakesShown), ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
}

/** `modes.egress.on[0].merge: `, as one would write it in JavaScript. */
function fieldName(path: Path): string {
  if (path.length === 0) return '';
  const name = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return `${name.replace(/^\./, '')}: `;
}
