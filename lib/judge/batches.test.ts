import { describe, expect, test } from '@jest/globals';
import type { ModeName, ModeState } from '../mesh/mesh.ts';
import { Batches, type ChangeRequest, type Entry } from './batches.ts';
import type { PlannedClaim, ResourceUse } from './claim.ts';
import { FixtureSets } from './fixture-sets.ts';

/** What a test says of a claim. */
interface Facts extends Partial<ResourceUse> {
  id: string;
  place?: number;
  starts?: ModeState;
  last?: boolean;
  yields?: number;
}

interface Entered extends Entry {
  id: string;
  planned: PlannedClaim;
}

interface Table {
  batches: {
    ask(entered: Entered, changeRequest: ChangeRequest): Promise<void>;
    waitFor(entered: Entered, wait: () => Promise<void>): Promise<void>;
    leave(entered: Entered): void;
    close(why: string): void;
    end(why: string): void;
  };
  modes: ModeState;
  /** What was changed, in order; changes of one batch are joined by `+`. */
  made: string[];
  /** Ids of the claims that have begun, in order. */
  entered: string[];
  enter(facts: Facts, more?: boolean): Promise<Entered>;
  /** Asks for a switch, which takes effect when it is made. */
  flip(entered: Entered, mode: ModeName, value: boolean): Promise<void>;
  change(entered: Entered, what: string): Promise<void>;
  refuse?: Error;
}

function table(fixtureSets = ['curl', 'curl-2', 'curl-3', 'same-name-client', 'same-name-client-2']): Table {
  const modes: ModeState = {};
  const made: string[] = [];
  const entered: string[] = [];
  const places = new Map<PlannedClaim, number>();
  let moment = {};
  let last = {};
  const note = async (what: string) => {
    if (moment === last) made[made.length - 1] += ` + ${what}`;
    else made.push(what);
    last = moment;
    await quiet();
    moment = {};
  };
  const batches = new Batches({
    fixtureSets: new FixtureSets(fixtureSets),
    placeOf: (planned) => places.get(planned) ?? 0,
    modes: () => modes,
    establish: async (mode, value) => {
      if (it.refuse !== undefined) throw it.refuse;
      await note(`${mode} ${value}`);
      modes[mode] = value;
    },
  });
  const it: Table = {
    batches: {
      ask: ({ planned }, changeRequest) => batches.ask(planned, changeRequest),
      waitFor: ({ planned }, wait) => batches.waitFor(planned, wait),
      leave: ({ planned }) => batches.leave(planned),
      close: (why) => batches.close(why),
      end: (why) => batches.end(why),
    },
    modes,
    made,
    entered,
    enter: async ({ id, place = 0, starts = {}, last: isLast = false, yields = 0, ...use }, more = false) => {
      const about = {
        suite: '',
        title: '',
        spec: '',
        level: 'core',
        features: [],
        body: async () => undefined,
      } as const;
      const planned: PlannedClaim = {
        claim: { ...about, features: [], id, starts, last: isLast },
        script: [],
        resourceUse: { fixtures: ['curl'], switches: [], policies: false, alone: false, ...use },
        run: 1,
        yields,
      };
      places.set(planned, place);
      const entry = await batches.enter(planned, more);
      entered.push(id);
      return { ...entry, id, planned };
    },
    flip: ({ planned }, name, value) =>
      batches.ask(planned, {
        mode: { name, value },
        make: async (sharers) => {
          await note(`${name} ${value} for ${sharers.join(', ')}`);
          modes[name] = value;
        },
      }),
    change: ({ planned }, what) => batches.ask(planned, { make: () => note(what) }),
  };
  return it;
}

/** Everything that follows without time passing has happened. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether a promise is settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => {
      settled = true;
    },
    () => {
      settled = true;
    },
  );
  for (let i = 0; i < 5; i += 1) await quiet();
  return settled;
}

describe('a batch', () => {
  test('begins when every claim asks for a change, and makes them together', async () => {
    const { enter, change, made } = table();
    const one = await enter({ id: 'one' });
    const two = await enter({ id: 'two' });
    const first = change(one, 'a');
    expect(await isSettled(first)).toBe(false);
    await Promise.all([first, change(two, 'b')]);
    expect(made).toEqual(['a + b']);
  });

  test('does not wait for claims that have ended, or only wait', async () => {
    const { enter, change, batches } = table();
    const [one, two, three] = [await enter({ id: 'one' }), await enter({ id: 'two' }), await enter({ id: 'three' })];
    const first = change(one, 'a');
    batches.leave(two);
    expect(await isSettled(first)).toBe(false);
    let end: () => void = () => {};
    const waiting = batches.waitFor(three, () => new Promise<void>((resolve) => (end = resolve)));
    await first;
    end();
    await waiting;
    const second = change(one, 'b');
    expect(await isSettled(second)).toBe(false);
  });

  test('lets no claim continue before all its changes are made', async () => {
    const { enter, batches } = table();
    const one = await enter({ id: 'one' });
    const two = await enter({ id: 'two' });
    let finish: () => void = () => {};
    const quick = batches.ask(one, { make: async () => {} });
    const slow = batches.ask(two, { make: () => new Promise<void>((resolve) => (finish = resolve)) });
    expect(await isSettled(quick)).toBe(false);
    finish();
    await Promise.all([quick, slow]);
  });

  test('tells a claim alone of the change that failed', async () => {
    const { enter, change, batches } = table();
    const one = await enter({ id: 'one' });
    const two = await enter({ id: 'two' });
    const failing = batches.ask(one, { make: () => Promise.reject(new Error('forbidden')) });
    await Promise.all([expect(failing).rejects.toThrow('forbidden'), change(two, 'b')]);
  });
});

describe('a switch', () => {
  test('is made once for all that ask for it, when every claim that started from the mode does', async () => {
    const { enter, flip, change, made, batches } = table();
    const starts = { permissive: false };
    const one = await enter({ id: 'one', starts });
    const two = await enter({ id: 'two', starts });
    const holder = await enter({ id: 'holder', starts });
    const flips = [flip(one, 'permissive', true), flip(two, 'permissive', true)];
    await change(holder, 'a policy');
    expect(await isSettled(Promise.race(flips))).toBe(false);
    batches.leave(holder);
    await Promise.all(flips);
    expect(made).toEqual(['permissive false', 'a policy', 'permissive true for one, two']);
  });

  test('of a mode that no active claim started from is made for claims that wait for it', async () => {
    const { enter, flip, made, entered } = table();
    const one = await enter({ id: 'one', starts: { permissive: false } });
    const later = enter({ id: 'later', starts: { permissive: true, egress: true } });
    const egress = enter({ id: 'egress', starts: { egress: false } });
    expect(entered).toEqual(['one']);
    await flip(one, 'permissive', true);
    await egress;
    expect(made).toEqual(['permissive false', 'permissive true for one + egress false']);
    expect(await isSettled(later)).toBe(false);
  });

  test('that cannot be made for a claim that would begin is its error', async () => {
    const it = table();
    it.refuse = new Error('down');
    const entry = await it.enter({ id: 'one', starts: { permissive: false } });
    expect(entry.error).toBe(it.refuse);
  });
});

describe('a claim begins', () => {
  test('in the order of the plan, when all have come', async () => {
    const { enter, entered } = table();
    const all = [enter({ id: 'later', place: 2 }, true), enter({ id: 'first', place: 1 }, true)];
    expect(await isSettled(Promise.race(all))).toBe(false);
    await Promise.all([...all, enter({ id: 'last', place: 3 })]);
    expect(entered).toEqual(['first', 'later', 'last']);
  });

  test('while others are working, in the modes that they started from', async () => {
    const { enter } = table();
    await enter({ id: 'one', starts: { permissive: false } });
    await enter({ id: 'two', starts: { permissive: false } });
  });

  test('with fixtures of its own where it makes policies, and with those of the first set where it makes none', async () => {
    const { enter, batches } = table();
    expect((await enter({ id: 'plain' })).fixtureSet.suffix).toBe('');
    expect((await enter({ id: 'plain too' })).fixtureSet.suffix).toBe('');
    const first = await enter({ id: 'a', policies: true });
    expect(first.fixtureSet.suffix).toBe('-3');
    expect((await enter({ id: 'b', policies: true, fixtures: ['curl', 'same-name-client'] })).fixtureSet.suffix).toBe(
      '-2',
    );
    const third = enter({ id: 'c', policies: true });
    expect(await isSettled(third)).toBe(false);
    batches.leave(first);
    expect((await third).fixtureSet.suffix).toBe('-3');
  });

  test('never with policies where a stability check probes, nor with a server that its set lacks', async () => {
    const sets = new FixtureSets(['curl', 'httpbin', 'tcp-echo', 'curl-2', 'tcp-echo-2'], true);
    expect(sets.take({ fixtures: ['curl', 'httpbin'], policies: true })).toBeUndefined();
    expect(sets.take({ fixtures: ['curl', 'tcp-echo'], policies: true })?.suffix).toBe('-2');
    expect(sets.take({ fixtures: ['curl', 'tcp-echo'], policies: true })).toBeUndefined();
    expect(sets.take({ fixtures: ['curl', 'httpbin'], policies: false })?.suffix).toBe('');
  });

  test('alone where nothing may be judged beside it', async () => {
    const { enter, batches } = table();
    const one = await enter({ id: 'one' });
    const alone = enter({ id: 'alone', alone: true });
    expect(await isSettled(alone)).toBe(false);
    batches.leave(one);
    const other = await alone.then(async (entered) => {
      const next = enter({ id: 'next' });
      expect(await isSettled(next)).toBe(false);
      batches.leave(entered);
      return next;
    });
    expect(other.id).toBe('next');
  });

  test('after all others where it is about the whole run', async () => {
    const { enter, batches, entered } = table();
    const last = enter({ id: 'last', last: true, place: 1 }, true);
    const one = await enter({ id: 'one', place: 2 });
    expect(await isSettled(last)).toBe(false);
    batches.leave(one);
    await last;
    expect(entered).toEqual(['one', 'last']);
  });

  test('not beside one that it could wait for while that waits for it', async () => {
    const { enter, batches } = table();
    const starts = { permissive: false, egress: false };
    const one = await enter({ id: 'one', starts, switches: ['permissive'] });
    await enter({ id: 'same', starts, switches: ['permissive'] }).then((same) => batches.leave(same));
    const other = enter({ id: 'other', starts, switches: ['egress'] });
    expect(await isSettled(other)).toBe(false);
    batches.leave(one);
    await other;
  });

  test('later than it could where it leaves its mode to others, but not where there are none', async () => {
    const { enter, flip, batches, entered } = table();
    const starts = { egress: false };
    const yielding = enter({ id: 'long', starts, yields: 1 }, true);
    const quick = await enter({ id: 'quick', starts });
    expect(entered).toEqual(['quick']);
    await flip(quick, 'egress', true);
    await flip(quick, 'egress', false);
    await yielding;
    const other = enter({ id: 'other', starts, yields: 5 });
    expect(await isSettled(other)).toBe(false);
    batches.leave(quick);
    batches.leave(await yielding);
    await other;
  });
});

describe('when a run is being ended', () => {
  test('no claim enters any more, and queued ones are told why', async () => {
    const { enter, batches, change } = table();
    const one = await enter({ id: 'one' });
    const waiting = enter({ id: 'two', alone: true });
    const refused = expect(waiting).rejects.toThrow('over');
    batches.close('over');
    await refused;
    await expect(enter({ id: 'three' })).rejects.toThrow('over');
    await change(one, 'what is under way may end');
  });

  test('a change that is being made may end, and no claim continues after it', async () => {
    const { enter, batches } = table();
    const one = await enter({ id: 'one' });
    let finish: () => void = () => {};
    const asked = batches.ask(one, { make: () => new Promise<void>((resolve) => (finish = resolve)) });
    const refused = expect(asked).rejects.toThrow('over');
    await quiet();
    batches.end('over');
    await refused;
    finish();
    await quiet();
    batches.leave(one);
  });

  test('what is asked for is rejected', async () => {
    const { enter, batches, change, made } = table();
    const one = await enter({ id: 'one' });
    await enter({ id: 'two' });
    const asked = expect(change(one, 'a')).rejects.toThrow('over');
    batches.end('over');
    await asked;
    expect(made).toEqual([]);
  });
});
