import { type Observation, routeName } from '../probe/index.ts';
import type { Decision, Item } from './expectation.ts';

/** `curl/curl -> http httpbin.httpbin:14001 is refused, curl/other-client -> … is refused`. */
export function statementOf(items: Item[]): string {
  return items
    .map(({ watch, expected }) => `${routeName(watch.route)} is ${expected === 'answered' ? 'answered' : 'refused'}`)
    .join(', ');
}

/** One sentence for people: where, what was expected, what was seen how often, and what the server knows of it. */
export function explainUnmet(items: Item[], decision: Decision): string {
  const [shown] = decision.shown;
  const index = items.findIndex(({ watch }) => watch.route === shown?.route);
  const item = items[index];
  const seen = decision.routes[index];
  if (shown === undefined || item === undefined || seen === undefined) return 'nothing was observed';
  return [
    `${routeName(shown.route)}: expected ${item.expected}${whenExpected(item, seen.actedMs)}`,
    `observed ${shown.outcome} (${shown.signature}); the server ${serverSays(shown)}`,
    'the unmeshed control was answered all the while',
  ].join('; ');
}

function whenExpected({ pending }: Item, actedMs: number | undefined): string {
  if (pending === undefined) return ', as before: nothing was changed';
  const granted = Math.round(pending.actsBy - pending.from);
  if (actedMs === undefined) return ` within ${granted} ms of the change`;
  return ` for good: the change acted after ${actedMs} ms, and ${pending.settlesMs} ms are granted to settle`;
}

function serverSays({ route, outcome, nonce }: Observation): string {
  if (route.server === undefined) return 'has no log that could be read';
  const isThere = outcome === 'answered' || outcome === 'altered' || outcome === 'reached-without-answer';
  return isThere ? `logged ${nonce}` : `answered its own loopback, and never logged ${nonce}`;
}
