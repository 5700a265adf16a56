import { describe, expect, test } from '@jest/globals';
import type { ModeState } from './declare.ts';
import { Lanes } from './lanes.ts';
import { type Entrant, type Member, Rounds } from './rounds.ts';

const FREE: Entrant = {
  id: '',
  place: 0,
  clients: ['curl'],
  switches: [],
  policies: false,
  alone: false,
  starts: {},
  last: false,
  yields: 0,
};

interface Table {
  rounds: Rounds;
  modes: ModeState;
  /** What was changed, in order; changes of one round are joined by `+`. */
  made: string[];
  /** Ids of the claims that were let in, in order. */
  entered: string[];
  enter(entrant: Partial<Entrant> & { id: string }, more?: boolean): Promise<Member>;
  /** Asks for a switch, which takes effect when it is made. */
  flip(member: Member, mode: 'permissive' | 'egress', value: boolean): Promise<void>;
  change(member: Member, what: string): Promise<void>;
  refuse?: Error;
}

function table(lanes = ['curl', 'curl-2', 'curl-3', 'namesake', 'namesake-2']): Table {
  const modes: ModeState = {};
  const made: string[] = [];
  const entered: string[] = [];
  let moment = {};
  let last = {};
  const note = async (what: string) => {
    if (moment === last) made[made.length - 1] += ` + ${what}`;
    else made.push(what);
    last = moment;
    await quiet();
    moment = {};
  };
  const rounds = new Rounds({
    lanes: new Lanes(lanes),
    modes: () => modes,
    establish: async (mode, value) => {
      if (it.refuse !== undefined) throw it.refuse;
      await note(`${mode} ${value}`);
      modes[mode] = value;
    },
  });
  const it: Table = {
    rounds,
    modes,
    made,
    entered,
    enter: async (entrant, more = false) => {
      const member = await rounds.enter({ ...FREE, ...entrant }, more);
      entered.push(member.id);
      return member;
    },
    flip: (member, name, value) =>
      rounds.ask(member, {
        mode: { name, value },
        make: async (sharers) => {
          await note(`${name} ${value} for ${sharers.join(', ')}`);
          modes[name] = value;
        },
      }),
    change: (member, what) => rounds.ask(member, { make: () => note(what) }),
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

describe('a round', () => {
  test('begins when every claim asks for a change, and makes them together', async () => {
    const { enter, change, made } = table();
    const one = await enter({ id: 'one' });
    const two = await enter({ id: 'two' });
    const first = change(one, 'a');
    expect(await isSettled(first)).toBe(false);
    await Promise.all([first, change(two, 'b')]);
    expect(made).toEqual(['a + b']);
  });

  test('does not wait for claims that have ended, or only watch', async () => {
    const { enter, change, rounds } = table();
    const [one, two, three] = [await enter({ id: 'one' }), await enter({ id: 'two' }), await enter({ id: 'three' })];
    const first = change(one, 'a');
    rounds.leave(two);
    expect(await isSettled(first)).toBe(false);
    let end: () => void = () => {};
    const watching = rounds.watch(three, () => new Promise<void>((resolve) => (end = resolve)));
    await first;
    end();
    await watching;
    const second = change(one, 'b');
    expect(await isSettled(second)).toBe(false);
  });

  test('lets nobody go on before all its changes are made', async () => {
    const { enter, rounds } = table();
    const one = await enter({ id: 'one' });
    const two = await enter({ id: 'two' });
    let finish: () => void = () => {};
    const quick = rounds.ask(one, { make: async () => {} });
    const slow = rounds.ask(two, { make: () => new Promise<void>((resolve) => (finish = resolve)) });
    expect(await isSettled(quick)).toBe(false);
    finish();
    await Promise.all([quick, slow]);
  });

  test('tells a claim alone of the change that failed', async () => {
    const { enter, change, rounds } = table();
    const one = await enter({ id: 'one' });
    const two = await enter({ id: 'two' });
    const failing = rounds.ask(one, { make: () => Promise.reject(new Error('forbidden')) });
    await Promise.all([expect(failing).rejects.toThrow('forbidden'), change(two, 'b')]);
  });
});

describe('a switch', () => {
  test('is made once for all that ask for it, when every claim that holds the mode does', async () => {
    const { enter, flip, change, made, rounds } = table();
    const starts = { permissive: false };
    const one = await enter({ id: 'one', starts });
    const two = await enter({ id: 'two', starts });
    const holder = await enter({ id: 'holder', starts });
    const flips = [flip(one, 'permissive', true), flip(two, 'permissive', true)];
    await change(holder, 'a policy');
    expect(await isSettled(Promise.race(flips))).toBe(false);
    rounds.leave(holder);
    await Promise.all(flips);
    expect(made).toEqual(['permissive false', 'a policy', 'permissive true for one, two']);
  });

  test('of a mode that nobody holds is made for claims that wait for it', async () => {
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

  test('that cannot be made for a claim that would begin is its trouble', async () => {
    const it = table();
    it.refuse = new Error('down');
    const member = await it.enter({ id: 'one', starts: { permissive: false } });
    expect(member.trouble).toBe(it.refuse);
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

  test('while others are working, in the modes that they hold', async () => {
    const { enter } = table();
    await enter({ id: 'one', starts: { permissive: false } });
    await enter({ id: 'two', starts: { permissive: false } });
  });

  test('with clients of its own where it makes policies, and with those of the first lane where it makes none', async () => {
    const { enter, rounds } = table();
    expect((await enter({ id: 'plain' })).lane.suffix).toBe('');
    expect((await enter({ id: 'plain too' })).lane.suffix).toBe('');
    const first = await enter({ id: 'a', policies: true });
    expect(first.lane.suffix).toBe('-3');
    expect((await enter({ id: 'b', policies: true, clients: ['curl', 'namesake'] })).lane.suffix).toBe('-2');
    const third = enter({ id: 'c', policies: true });
    expect(await isSettled(third)).toBe(false);
    rounds.leave(first);
    expect((await third).lane.suffix).toBe('-3');
  });

  test('alone where nothing may be judged beside it', async () => {
    const { enter, rounds } = table();
    const one = await enter({ id: 'one' });
    const alone = enter({ id: 'alone', alone: true });
    expect(await isSettled(alone)).toBe(false);
    rounds.leave(one);
    const other = await alone.then(async (member) => {
      const next = enter({ id: 'next' });
      expect(await isSettled(next)).toBe(false);
      rounds.leave(member);
      return next;
    });
    expect(other.id).toBe('next');
  });

  test('after all others where it is about the whole run', async () => {
    const { enter, rounds, entered } = table();
    const last = enter({ id: 'last', last: true, place: 1 }, true);
    const one = await enter({ id: 'one', place: 2 });
    expect(await isSettled(last)).toBe(false);
    rounds.leave(one);
    await last;
    expect(entered).toEqual(['one', 'last']);
  });

  test('not beside one that it could wait for while that waits for it', async () => {
    const { enter, rounds } = table();
    const starts = { permissive: false, egress: false };
    const one = await enter({ id: 'one', starts, switches: ['permissive'] });
    await enter({ id: 'same', starts, switches: ['permissive'] }).then((same) => rounds.leave(same));
    const other = enter({ id: 'other', starts, switches: ['egress'] });
    expect(await isSettled(other)).toBe(false);
    rounds.leave(one);
    await other;
  });

  test('later than it could where it leaves its mode to others, but not where there are none', async () => {
    const { enter, flip, rounds, entered } = table();
    const starts = { egress: false };
    const yielding = enter({ id: 'long', starts, yields: 1 }, true);
    const quick = await enter({ id: 'quick', starts });
    expect(entered).toEqual(['quick']);
    await flip(quick, 'egress', true);
    await flip(quick, 'egress', false);
    await yielding;
    const other = enter({ id: 'other', starts, yields: 5 });
    expect(await isSettled(other)).toBe(false);
    rounds.leave(quick);
    rounds.leave(await yielding);
    await other;
  });
});

describe('when a run is being ended', () => {
  test('nobody enters any more, and who waits is told', async () => {
    const { enter, rounds, change } = table();
    const one = await enter({ id: 'one' });
    const waiting = enter({ id: 'two', alone: true });
    const refused = expect(waiting).rejects.toThrow('over');
    rounds.close('over');
    await refused;
    await expect(enter({ id: 'three' })).rejects.toThrow('over');
    await change(one, 'what is under way may end');
  });

  test('a change that is being made may end, and nobody goes on after it', async () => {
    const { enter, rounds } = table();
    const one = await enter({ id: 'one' });
    let finish: () => void = () => {};
    const asked = rounds.ask(one, { make: () => new Promise<void>((resolve) => (finish = resolve)) });
    const refused = expect(asked).rejects.toThrow('over');
    await quiet();
    rounds.end('over');
    await refused;
    finish();
    await quiet();
    rounds.leave(one);
  });

  test('what is asked for is given up', async () => {
    const { enter, rounds, change, made } = table();
    const one = await enter({ id: 'one' });
    await enter({ id: 'two' });
    const asked = expect(change(one, 'a')).rejects.toThrow('over');
    rounds.end('over');
    await asked;
    expect(made).toEqual([]);
  });
});
