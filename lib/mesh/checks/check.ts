import type { Manifest } from '../../kube/cluster.ts';
import { UsageError } from '../../words/index.ts';
import type { Driver, DriverSpec } from '../driver.ts';
import { type Mistake, readSource } from '../source.ts';
import { commandMistakes } from './commands.ts';
import { consistencyMistakes } from './consistency.ts';
import { definitionMistakes, ownDefinitionMistakes } from './definitions.ts';
import { modeMistakes } from './modes.ts';
import { placeholderMistakes, withSamples } from './placeholders.ts';
import { policyMistakes } from './policies.ts';
import { driverRemarks } from './remarks.ts';
import { renderingMistakes } from './rendered.ts';
import { schemaMistakes } from './schema.ts';
import { textMistakes } from './texts.ts';

export interface DefinitionsOfCluster {
  /** Its custom resource definitions. */
  definitions: readonly Manifest[];
  /** `KEY=VALUE` for the placeholders. */
  sets: readonly string[];
}

/** Most mistakes to print: a file of another kind would fill the screen. */
const mistakesShown = 10;

/**
 * Checks a driver's text against the schema, its placeholders, and itself. Runs nothing and asks no cluster.
 *
 * @param file its name, for messages
 * @throws UsageError with file, line, column, field and what is allowed, one mistake per line
 */
export function checkDriver(text: string, file: string): Driver {
  const source = readSource(text);
  refuse(file, source.mistakes);
  const check = (...rules: Iterable<Mistake>[]): void =>
    refuse(file, rules.flatMap((mistakes) => [...mistakes]).map(source.locate));
  check(schemaMistakes(source.value));
  // The schema has checked the type; no tool derives it from a JSON Schema.
  const spec = source.value as DriverSpec;
  check(placeholderMistakes(spec), consistencyMistakes(spec));
  // Only a driver whose placeholders all have values can be filled in.
  const filled = withSamples(spec);
  check(renderingMistakes(filled));
  check(
    commandMistakes(spec),
    policyMistakes(spec, filled),
    modeMistakes(filled),
    textMistakes(spec),
    ownDefinitionMistakes(filled),
  );
  return { file, spec };
}

/**
 * Compares the objects of a sound driver with a cluster's custom resource definitions.
 * @throws UsageError as `checkDriver`
 */
export function checkAgainst({ spec, file }: Driver, text: string, { definitions, sets }: DefinitionsOfCluster): void {
  const mistakes = definitionMistakes(withSamples(spec, sets), definitions);
  refuse(file, mistakes.map(readSource(text).locate));
}

/** What is allowed in a sound driver and probably not meant, one line each, with its place. */
export function remarksOn({ spec, file }: Driver, text: string): string[] {
  const { locate } = readSource(text);
  return driverRemarks(spec).map((remark) => `${file}:${locate(remark)}`);
}

function refuse(file: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  const shown = lines.slice(0, mistakesShown).map((line) => `${file}:${line}`);
  const more = lines.length - shown.length;
  throw new UsageError([...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
}
