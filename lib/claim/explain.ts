import { commandFor, type Observation, routeName } from '../probe/index.ts';
import type { Decision, Item } from './expectation.ts';

/** `curl/curl -> http httpbin.httpbin:14001 is refused, curl/visitor -> … is refused`. */
export function statementOf(items: Item[]): string {
  return items
    .map(({ watch, expected }) => `${routeName(watch.route)} is ${expected === 'answered' ? 'answered' : 'refused'}`)
    .join(', ');
}

/** For people: where, what was expected, what was seen how often, and what the server knows of it. */
export function explainUnmet(items: Item[], decision: Decision): string {
  const [shown] = decision.shown;
  if (shown === undefined) return 'nothing was observed';
  const index = items.findIndex(({ watch }) => watch.route === shown.route);
  const item = items[index];
  const seen = decision.routes[index];
  if (item === undefined || seen === undefined) return 'nothing was observed';
  const counts = Object.entries(seen.signatures)
    .sort(([, a], [, b]) => b - a)
    .map(([signature, count]) => `${signature} ×${count}`)
    .join(', ');
  const { client } = shown.route;
  return [
    `in pod ${client.namespace}/${client.app}: ${commandFor(shown.route, shown.nonce, 1).shown(shown.nonce)}`,
    `expected  ${item.expected}${whenExpected(item, seen.actedMs)}`,
    `observed  ${shown.outcome} (${describe(shown)})${decision.shown.length > 1 ? `, and ${decision.shown.length - 1} more` : ''}; of ${seen.probes} probes: ${counts}`,
    `server    ${serverSays(shown)}; the twin was answered all the while`,
  ].join('\n');
}

function whenExpected({ pending }: Item, actedMs: number | undefined): string {
  if (pending === undefined) return ', as before: nothing was changed';
  const granted = Math.round(pending.actsBy - pending.from);
  if (actedMs === undefined) return ` within ${granted} ms of the change`;
  return ` for good: the change acted after ${actedMs} ms, and ${pending.settlesMs} ms are granted to settle`;
}

function describe({ signature, printed }: Observation): string {
  const error = printed?.stderr.trim();
  const out = printed?.stdout.trim();
  const parts = [signature];
  if (out) parts.push(`stdout ${JSON.stringify(shorten(out))}`);
  if (error) parts.push(`stderr ${JSON.stringify(shorten(error))}`);
  return parts.join(', ');
}

function serverSays({ route, outcome, nonce }: Observation): string {
  if (route.server === undefined) return 'has no log that could be read';
  const isThere = outcome === 'answered' || outcome === 'altered' || outcome === 'reached-without-answer';
  return isThere ? `logged ${nonce}` : `answered its own loopback, and never logged ${nonce}`;
}

function shorten(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
