import { TIMING } from '../../judge/timing.ts';
import { type Case, cases } from '../../sandbox/index.ts';

/** Shares of wrong answers in the table of probabilities. */
const SHARES = [0.002, 0.01, 0.02, 0.05, 0.2];

const tables: Record<string, () => string> = {
  'faulty-mesh': () =>
    table(
      ['name', 'about', 'what it does', 'must be noticed by'],
      casesOf('faulty-mesh', ({ caughtBy, because, varies, devised }) => [
        `${codes(caughtBy) || 'no claim'}${devised ? ' (devised)' : ''}`,
        because,
        varies,
      ]),
    ),
  'conforming-variant': () =>
    table(
      ['name', 'about', 'what it does', 'may fail'],
      casesOf('conforming-variant', ({ caughtBy, because }) => [codes(caughtBy), because]),
    ),
  'environment-fault': () =>
    table(
      ['name', 'about', 'what it does', 'remark'],
      casesOf('environment-fault', ({ caughtBy, trusted }) => [
        caughtBy.length === 0 ? '' : `one of ${codes(caughtBy)} fails before`,
        trusted,
      ]),
    ),
  probabilities: () =>
    table(
      ['a deviation of', ...SHARES.map((share) => `${(100 * share).toFixed(share < 0.01 ? 1 : 0)} %`)],
      [
        odds('a core claim', TIMING.sampleProbes),
        odds('a core claim with a fault on one of three or more routes', TIMING.routeProbes),
        odds('a claim of `reliability`', TIMING.soakProbes),
      ],
    ),
};

/** Fills in the tables of docs/faults.md: each stands between two comments with its name. */
export function withTables(document: string): string {
  return document.replace(/(<!-- table: (\S+) -->\n).*?(<!-- end -->)/gs, (_, begin: string, name: string, end) => {
    const write = tables[name];
    if (write === undefined) throw new Error(`docs/faults.md: there is no table "${name}"`);
    return `${begin}\n${write()}\n\n${end}`;
  });
}

function casesOf(kind: Case['kind'], remarks: (about: Case) => (string | undefined)[]): string[][] {
  return cases
    .filter((each) => each.kind === kind)
    .map((each) => [`\`${each.name}\``, each.area, each.description, remarks(each).filter(Boolean).join('; ')]);
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function codes(claims: string[]): string {
  return claims.map((claim) => `\`${claim}\``).join(' ');
}

function odds(claim: string, probes: number): string[] {
  return [`${claim}, ${probes} probes`, ...SHARES.map((share) => percent(1 - (1 - share) ** probes))];
}

function percent(probability: number): string {
  return probability >= 0.99995 ? 'more than 99.99 %' : `${(100 * probability).toFixed(1)} %`;
}
