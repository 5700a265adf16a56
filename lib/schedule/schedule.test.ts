import { describe, expect, it } from '@jest/globals';
import type { Call } from '../judge/calls.ts';
import { type Claim, type PlannedClaim, resourceUseOf } from '../judge/claim.ts';
import { requiredClientsOf, schedule } from './schedule.ts';
import { simulate } from './simulate.ts';

const EXPECT: Call = { method: 'expect', params: { size: 'expect', answered: [], refused: [] } };
const flip = (mode: 'permissive' | 'egress', value: boolean): Call => ({ method: 'mode', params: { mode, value } });
const allow: Call = {
  method: 'allow',
  params: { policies: [{ name: 'p', client: 'curl', server: 's', port: 1, protocol: 'tcp' }], part: 'all' },
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
const hot = { apps: ['curl', 'curl-2', 'curl-3'] };

/** The same claims on a mesh whose switches act on new pods only. */
function cold(claims: PlannedClaim[]): PlannedClaim[] {
  return claims.map((each) => ({ ...each, resourceUse: resourceUseOf(each.script, false) }));
}

describe('a simulation', () => {
  it('makes changes together that claims ask for at the same time, and shares switches', async () => {
    const claims = [
      scripted('a/opens', off, EXPECT, flip('permissive', true), EXPECT),
      scripted('a/opens-too', off, EXPECT, flip('permissive', true), EXPECT),
      scripted('a/policy', off, EXPECT, allow, EXPECT),
    ];
    const { batches, switches } = await simulate(claims, hot.apps);
    expect(batches).toEqual([
      { changes: ['switch permissive off'], begin: ['a/opens', 'a/opens-too', 'a/policy'] },
      { changes: ['allow p'], begin: [] },
      { changes: ['delete what a/policy made', 'switch permissive on'], begin: [] },
    ]);
    expect(switches).toBe(2);
  });

  it('runs claims one at a time where a switch acts on new pods only', async () => {
    const claims = [scripted('a/1', off, EXPECT), scripted('a/2', off, EXPECT), scripted('a/3', on, EXPECT)];
    const together = await simulate(claims, hot.apps);
    const apart = await simulate(cold(claims), hot.apps);
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

describe('the required clients', () => {
  const EVERYONE = ['curl', 'curl-2', 'curl-3', 'same-name-client', 'same-name-client-2', 'other-client'];

  function asking(client: string): Call {
    const route = { client, to: 'httpbin', protocol: 'http', port: 1, by: 'name', manner: 'plain' } as const;
    return { method: 'expect', params: { size: 'expect', answered: [route], refused: [] } };
  }

  function allowing(client: string): Call {
    const policy = { name: client, client, server: 'httpbin', port: 1, protocol: 'http' } as const;
    return { method: 'allow', params: { policies: [policy], part: 'all' } };
  }

  it('has one client where no policies are made', () => {
    expect(
      requiredClientsOf([scripted('a/1', {}, asking('curl')), scripted('a/1', {}, asking('curl'))], EVERYONE),
    ).toEqual(['curl']);
  });

  it('has a client set for each claim that makes policies, and one for all others', () => {
    const maker = scripted('a/1', {}, allowing('curl'));
    expect(requiredClientsOf([maker], EVERYONE)).toEqual(['curl']);
    expect(requiredClientsOf([maker, maker], EVERYONE)).toEqual(['curl', 'curl-2']);
    expect(requiredClientsOf([maker, maker, scripted('a/1', {}, asking('curl'))], EVERYONE)).toEqual([
      'curl',
      'curl-2',
      'curl-3',
    ]);
    expect(requiredClientsOf([maker, maker, maker, maker], EVERYONE)).toEqual(['curl', 'curl-2', 'curl-3']);
  });

  it('has what claims name, in each client set that there is', () => {
    const maker = scripted('a/1', {}, allowing('same-name-client'), asking('other-client'));
    expect(requiredClientsOf([maker, maker], EVERYONE)).toEqual([
      'curl',
      'curl-2',
      'same-name-client',
      'same-name-client-2',
      'other-client',
    ]);
  });

  it('has whom a stability check is kept with', () => {
    expect(requiredClientsOf([scripted('a/1', { stabilityCheck: 'egress' })], EVERYONE)).toEqual([
      'curl',
      'other-client',
    ]);
  });

  it('has one of each where all pods are asked about', () => {
    expect(requiredClientsOf([scripted('a/1', {}, { method: 'enrolled', params: {} })], EVERYONE)).toEqual([
      'curl',
      'same-name-client',
      'other-client',
    ]);
    expect(requiredClientsOf([scripted('a/1', {}, { method: 'stable', params: {} })], EVERYONE)).toEqual([
      'curl',
      'same-name-client',
      'other-client',
    ]);
  });
});
