import { describe, expect, it } from '@jest/globals';
import type { Claim } from '../judge/claim.ts';
import { type ModeState, modeNames } from '../mesh/mesh.ts';
import { countSwitches, greedyOrder, improveOrder, leastSwitches, orderClaims, stabilityCheckWait } from './order.ts';

function claim(id: string, starts: ModeState, ends?: ModeState, last?: boolean): Claim {
  return {
    id,
    suite: id.split('/')[0] ?? id,
    title: id,
    spec: 'guide',
    level: 'core',
    features: [],
    starts,
    body: async () => undefined,
    ...(ends === undefined ? {} : { ends }),
    ...(last === undefined ? {} : { last }),
  };
}

const on = { permissive: true };
const off = { permissive: false };

/** A generator of numbers below 1 that is the same every time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

function randomState(next: () => number): ModeState {
  const state: ModeState = {};
  for (const mode of modeNames) {
    const drawn = next();
    if (drawn < 0.6) state[mode] = drawn < 0.3;
  }
  return state;
}

function permutations<T>(items: T[]): T[][] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}

describe('orderClaims', () => {
  it('runs together what needs the same mode', () => {
    const order = orderClaims([claim('a/1', on), claim('a/2', off), claim('a/3', on), claim('a/4', off)]);
    expect(countSwitches(order)).toBe(2);
  });

  it('uses the mode in which a claim ends', () => {
    const order = orderClaims([claim('a/off', off), claim('a/on-off', on, off), claim('a/on', on)]);
    expect(countSwitches(order)).toBe(1);
    expect(order.map(({ id }) => id)).toEqual(['a/on', 'a/on-off', 'a/off']);
  });

  it('knows what is switched already', () => {
    const claims = [claim('a/1', on)];
    expect(countSwitches(orderClaims(claims, undefined, on), on)).toBe(0);
    expect(countSwitches(orderClaims(claims, undefined, off), off)).toBe(1);
  });

  it('keeps the claims about the whole run at the end', () => {
    const claims = [claim('z/last', {}, undefined, true), claim('a/1', on), claim('b/1', off), claim('a/2', on)];
    for (const seed of ['1', '2', '3']) expect(orderClaims(claims, seed).at(-1)?.id).toBe('z/last');
  });

  it('keeps suites together where that costs no switch', () => {
    const claims = [claim('a/1', on), claim('b/1', on), claim('a/2', on), claim('b/2', on), claim('a/3', {})];
    for (const seed of [undefined, '1', '2']) {
      const suites = orderClaims(claims, seed).map(({ suite }) => suite);
      expect(suites.filter((suite, index) => index > 0 && suite !== suites[index - 1])).toHaveLength(1);
    }
  });

  it('is the same for the same seed, another for another, and the catalogue order without', () => {
    const claims = Array.from({ length: 8 }, (_, index) => claim(`a/${index}`, on));
    const order = (seed?: string) => orderClaims(claims, seed).map(({ id }) => id);
    expect(order('x')).toEqual(order('x'));
    expect(order('x')).not.toEqual(order('y'));
    expect(order()).toEqual(claims.map(({ id }) => id));
  });

  it('finds the least number of switches that any order has', () => {
    const next = numbers(7);
    for (let batch = 0; batch < 40; batch++) {
      const claims = Array.from({ length: 6 }, (_, index) =>
        claim(`a/${index}`, randomState(next), next() < 0.4 ? randomState(next) : undefined, next() < 0.1 || undefined),
      );
      const initial = randomState(next);
      const isLegal = (order: Claim[]) =>
        order.every((each, index) => !each.last || order.slice(index).every((later) => later.last === true));
      const least = Math.min(
        ...permutations(claims)
          .filter(isLegal)
          .map((order) => countSwitches(order, initial)),
      );
      const order = orderClaims(claims, `${batch}`, initial);
      expect(isLegal(order)).toBe(true);
      expect(new Set(order)).toEqual(new Set(claims));
      expect(countSwitches(order, initial)).toBe(least);
    }
  });

  it('comes near the least where there is too much to search', () => {
    const next = numbers(11);
    const claims = Array.from({ length: 30 }, (_, index) => claim(`a/${index}`, randomState(next), randomState(next)));
    expect(leastSwitches(claims, {})).toBeUndefined();
    const greedy = greedyOrder(claims, {});
    expect(countSwitches(improveOrder(greedy, {}))).toBeLessThanOrEqual(countSwitches(greedy));
    expect(countSwitches(orderClaims(claims))).toBeLessThan(countSwitches(claims) / 2);
  });
});

const plain = [1, 2, 3].map((n) => claim(`a/plain-${n}`, on));
const stabilityCheck: Claim = { ...claim('a/stays', on, off), stabilityCheck: 'permissive' };
const toggle = claim('a/toggle', on, on);

it('a stability check after claims that leave its mode alone waits less, and not at all after enough of them', () => {
  expect(stabilityCheckWait([stabilityCheck])).toBe(12);
  expect(stabilityCheckWait([...plain.slice(1), stabilityCheck])).toBe(2);
  expect(stabilityCheckWait([...plain, stabilityCheck])).toBe(0);
});

it('a claim that switches the mode to and fro starts the time anew', () => {
  expect(stabilityCheckWait([...plain, toggle, stabilityCheck])).toBe(12);
});

it('the order lets a stability check use the time of other claims', () => {
  const claims = orderClaims([stabilityCheck, toggle, ...plain]);
  expect(stabilityCheckWait(claims)).toBe(0);
  expect(claims.at(-1)?.id).toBe('a/stays');
});
