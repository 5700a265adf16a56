import type { DriverSpec } from '../driver.ts';
import { type Mistake, mistake } from '../source.ts';

/** This program's first: no driver can have been tested before. */
const firstDay = '2026-11-21';

/**
 * Versions, days and texts for people that say nothing.
 * @param today as `2026-11-21`, in UTC
 */
export function textMistakes(
  { implementation, features, variables = {}, verified }: DriverSpec,
  today: string,
): Mistake[] {
  const { project, version } = implementation;
  const mistakes = versionMistakes(version, ['implementation', 'version']);
  if (verified !== false) {
    mistakes.push(...versionMistakes(verified.version, ['verified', 'version']));
    const message = dayMistake(verified.date, today);
    if (message !== undefined) mistakes.push(mistake(['verified', 'date'], message));
  }
  const dull = (path: string[], text: string, wanted: string): void => {
    mistakes.push(mistake(path, `${JSON.stringify(text)} says nothing; write ${wanted}`));
  };
  if (project.trim() === '') dull(['implementation', 'project'], project, 'the full name of the mesh');
  for (const [feature, reason] of Object.entries(features.unsupported ?? {})) {
    if (isSentence(reason) && !/^(to-?do|tbd|fixme|xxx)\b/i.test(reason)) continue;
    dull(['features', 'unsupported', feature], reason, "the reason, a sentence that the mesh's documents support");
  }
  for (const [name, { description }] of Object.entries(variables)) {
    if (!isSentence(description))
      dull(['variables', name, 'description'], description, 'what it is for, in a sentence');
  }
  return mistakes;
}

function versionMistakes(version: string, path: string[]): Mistake[] {
  if (!/^(latest|stable|main|master|edge|nightly|head|\s*)$/i.test(version)) return [];
  return [mistake(path, `"${version}" changes its meaning; write the version that the driver is for, such as v1.2.4`)];
}

function dayMistake(date: string, today: string): string | undefined {
  const wanted = 'write the day on which you saw the driver work';
  const time = Date.parse(`${date}T00:00:00Z`);
  const isDay = !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === date;
  if (!isDay) return `there is no day ${date}; ${wanted}`;
  if (date > today) return `${date} is in the future; ${wanted}`;
  return date < firstDay ? `${date} is before this program existed; ${wanted}` : undefined;
}

function isSentence(text: string): boolean {
  return (text.match(/[\p{L}\p{N}]/gu) ?? []).length >= 8;
}
