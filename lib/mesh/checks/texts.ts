import type { DriverSpec } from '../driver.ts';
import { type Mistake, mistake, type Path } from '../source.ts';

/** This program's first: no driver can have been tested before. */
const firstDay = '2026-11-21';

/** Versions, days and texts for people that say nothing. */
export function* textMistakes({ implementation, features, variables = {}, verified }: DriverSpec): Iterable<Mistake> {
  const { project, version } = implementation;
  yield* versionMistakes(version, ['implementation', 'version']);
  if (verified !== false) {
    yield* versionMistakes(verified.version, ['verified', 'version']);
    const message = dayMistake(verified.date);
    if (message !== undefined) yield mistake(['verified', 'date'], message);
  }
  const dull = (path: Path, text: string, wanted: string): Mistake =>
    mistake(path, `${JSON.stringify(text)} says nothing; write ${wanted}`);
  if (project.trim() === '') yield dull(['implementation', 'project'], project, 'the full name of the mesh');
  for (const [feature, reason] of Object.entries(features.unsupported ?? {})) {
    if (isSentence(reason) && !/^(to-?do|tbd|fixme|xxx)\b/i.test(reason)) continue;
    const wanted = "the reason, a sentence that the mesh's documents support";
    yield dull(['features', 'unsupported', feature], reason, wanted);
  }
  for (const [name, { description }] of Object.entries(variables)) {
    if (isSentence(description)) continue;
    yield dull(['variables', name, 'description'], description, 'what it is for, in a sentence');
  }
}

function* versionMistakes(version: string, path: Path): Iterable<Mistake> {
  if (!/^(latest|stable|main|master|edge|nightly|head|\s*)$/i.test(version)) return;
  yield mistake(path, `"${version}" changes its meaning; write the version that the driver is for, such as v1.2.4`);
}

function dayMistake(date: string): string | undefined {
  const wanted = 'write the day on which you saw the driver work';
  const time = Date.parse(`${date}T00:00:00Z`);
  const isDay = !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === date;
  if (!isDay) return `there is no day ${date}; ${wanted}`;
  if (time > Date.now()) return `${date} is in the future; ${wanted}`;
  return date < firstDay ? `${date} is before this program existed; ${wanted}` : undefined;
}

function isSentence(text: string): boolean {
  return (text.match(/[\p{L}\p{N}]/gu) ?? []).length >= 8;
}
