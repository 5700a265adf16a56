import { describe, expect, it } from '@jest/globals';
import type { Call } from '../judge/calls.ts';
import { type Claim, type PlannedClaim, resourceUseOf } from '../judge/claim.ts';
import { chooseFixtures, schedule } from './schedule.ts';
import { simulate } from './simulate.ts';

const EXPECT: Call = { method: 'expect', params: { size: 'expect', answered: [], refused: [] } };
const flip = (mode: 'permissive' | 'egress', value: boolean): Call => ({ method: 'mode', params: { mode, value } });
const allow: Call = {
  method: 'allow',
  params: { policies: [{ name: 'p', clients: ['curl'], server: 's', ports: [1], protocol: 'tcp' }], part: 'all' },
};
const STAYED: Call = { method: 'stayed', params: { mode: 'egress' } };

function scripted(id: string, over: Partial<Claim>, ...script: Call[]): PlannedClaim {
  return {
    claim: {
      id,
      suite: 'a',
      title: id,
      spec: 'guide',
      level: 'core',
      features: [],
      body: async () => undefined,
      ...over,
    },
    run: 1,
    script,
    resourceUse: resourceUseOf(script),
  };
}

const off = { starts: { permissive: false } };
const on = { starts: { permissive: true } };
const hot = { fixtures: ['curl', 'curl-2', 'curl-3', 's', 's-2', 's-3'] };

/** The same claims on a mesh whose switches act on new pods only. */
function cold(claims: PlannedClaim[]): PlannedClaim[] {
  return claims.map((each) => ({ ...each, resourceUse: resourceUseOf(each.script, true) }));
}

describe('a simulation', () => {
  it('makes changes together that claims ask for at the same time, and shares switches', async () => {
    const claims = [
      scripted('a/opens', off, EXPECT, flip('permissive', true), EXPECT),
      scripted('a/opens-too', off, EXPECT, flip('permissive', true), EXPECT),
      scripted('a/policy', off, EXPECT, allow, EXPECT),
    ];
    const { batches, switches } = await simulate(claims, hot.fixtures);
    expect(batches).toEqual([
      { changes: ['switch permissive off'], begin: ['a/opens', 'a/opens-too', 'a/policy'] },
      { changes: ['allow p'], begin: [] },
      { changes: ['delete what a/policy made', 'switch permissive on'], begin: [] },
    ]);
    expect(switches).toBe(2);
  });

  it('runs claims one at a time where a switch acts on new pods only', async () => {
    const claims = [scripted('a/1', off, EXPECT), scripted('a/2', off, EXPECT), scripted('a/3', on, EXPECT)];
    const together = await simulate(claims, hot.fixtures);
    const apart = await simulate(cold(claims), hot.fixtures);
    expect(together.seconds).toBeLessThan(apart.seconds);
    expect(apart.switches).toBe(2);
  });
});

describe('a schedule', () => {
  it('begins with the modes that save switches', async () => {
    const claims = [
      scripted('a/closes', on, EXPECT, flip('permissive', false), EXPECT),
      scripted('a/opens', off, EXPECT, flip('permissive', true), EXPECT, flip('permissive', false), EXPECT),
    ];
    const { claims: order, simulation } = await schedule(claims, hot);
    expect(order[0]?.claim.id).toBe('a/opens');
    expect(simulation.switches).toBe(3);
  });

  it('lets a claim that keeps a mode for long wait for the others where that saves time', async () => {
    const needy = { starts: { permissive: false, egress: false } };
    const claims = [
      scripted('a/stays', { starts: { egress: false }, stabilityCheck: 'egress' }, STAYED, flip('egress', true)),
      scripted('a/both', needy, EXPECT, flip('egress', true), EXPECT, flip('egress', false)),
      scripted('a/then', on, EXPECT, EXPECT, EXPECT, EXPECT, EXPECT, EXPECT),
    ];
    const { claims: order } = await schedule(claims, hot);
    expect(order.find(({ claim }) => claim.id === 'a/stays')?.yields).toBe(1);
  });

  it('is the same for the same seed, another for another, and the catalogue order without', async () => {
    const claims = Array.from({ length: 8 }, (_, i) => scripted(`a/${i}`, on, EXPECT));
    const ids = async (seed?: string) => {
      const { claims: order } = await schedule(claims, { ...hot, ...(seed === undefined ? {} : { seed }) });
      return order.map(({ claim }) => claim.id);
    };
    expect(await ids()).toEqual(claims.map(({ claim }) => claim.id));
    expect(await ids('x')).toEqual(await ids('x'));
    expect(await ids('x')).not.toEqual(await ids('y'));
  });

  it('switches as seldom as can be where claims run one at a time', async () => {
    const claims = [scripted('a/1', on, EXPECT), scripted('a/2', off, EXPECT), scripted('a/3', on, EXPECT)];
    const { simulation } = await schedule(cold(claims), hot);
    expect(simulation.switches).toBe(2);
  });

  it('of nothing is nothing', async () => {
    expect(await schedule([], hot)).toEqual({ claims: [], simulation: { batches: [], switches: 0, seconds: 0 } });
  });
});

describe('the chosen fixtures', () => {
  const FIRST_SET = ['curl', 'httpbin', 'tcp-echo'];

  function asking(client: string, to = 'httpbin'): Call {
    const route = { client, to, protocol: 'http', port: 1, by: 'name', manner: 'plain' } as const;
    return { method: 'expect', params: { size: 'expect', answered: [route], refused: [] } };
  }

  function allowing(client: string, server = 'httpbin'): Call {
    const policy = { name: client, clients: [client], server, ports: [1], protocol: 'http' as const };
    return { method: 'allow', params: { policies: [policy], part: 'all' } };
  }

  const chosen = async (...claims: PlannedClaim[]) => (await chooseFixtures(claims)).sort();

  it('are one client and all servers where no policies are made', async () => {
    expect(await chosen(scripted('a/1', {}, asking('curl')), scripted('a/2', {}, asking('curl')))).toEqual(FIRST_SET);
  });

  it('are one set for one claim that makes policies, and another beside claims that make none', async () => {
    const maker = scripted('a/1', {}, allowing('curl'));
    expect(await chosen(maker)).toEqual(FIRST_SET);
    expect(await chosen(maker, scripted('a/2', {}, asking('curl')))).toEqual([
      'curl',
      'curl-2',
      'httpbin',
      'httpbin-2',
      'tcp-echo',
    ]);
  });

  it('are as many sets as save more time than their pods cost', async () => {
    const long = Array.from({ length: 4 }, (_, i) =>
      scripted(`a/${i}`, {}, allowing('curl', 'tcp-echo'), EXPECT, EXPECT, EXPECT),
    );
    const brief = [1, 2].map((i) => scripted(`b/${i}`, {}, allowing('curl', 'httpbin'), allowing('same-name-client')));
    expect((await chosen(...long)).filter((name) => name.startsWith('curl'))).toEqual([
      'curl',
      'curl-2',
      'curl-3',
      'curl-4',
    ]);
    expect(await chosen(...brief)).not.toContain('curl-2');
  });

  it('are only what claims name, and the client of the stability checks', async () => {
    expect(await chosen(scripted('a/1', { stabilityCheck: 'egress' }))).toEqual([
      'curl',
      'httpbin',
      'other-client',
      'tcp-echo',
    ]);
  });

  it('are one of each where all pods are asked about', async () => {
    for (const method of ['enrolled', 'stable'] as const) {
      expect(await chosen(scripted('a/1', {}, { method, params: {} }))).toEqual([
        'curl',
        'httpbin',
        'neighbour',
        'other-client',
        'same-name-client',
        'tcp-echo',
      ]);
    }
  });
});
