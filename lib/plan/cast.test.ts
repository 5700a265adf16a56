import { expect, it } from '@jest/globals';
import type { DeclaredClaim } from '../claim/declare.ts';
import { type Call, footprintOf } from '../claim/script.ts';
import { castOf } from './cast.ts';
import type { Scripted } from './rehearse.ts';

const EVERYONE = ['curl', 'curl-2', 'curl-3', 'namesake', 'namesake-2', 'visitor'];

function asking(client: string): Call {
  const route = { client, to: 'httpbin', protocol: 'http', port: 1, by: 'name', manner: 'plain' } as const;
  return { method: 'expect', params: { size: 'expect', answered: [route], refused: [] } };
}

function allowing(client: string): Call {
  const policy = { name: client, client, server: 'httpbin', port: 1, protocol: 'http' } as const;
  return { method: 'allow', params: { policies: [policy], part: 'all' } };
}

function scripted(script: Call[], more: Partial<DeclaredClaim> = {}): Scripted {
  const claim: DeclaredClaim = { id: 'a/1', suite: 'a', says: 's', source: 's', level: 'core', needs: [], ...more };
  return { claim, script, footprint: footprintOf(script) };
}

it('has one client where no policies are made', () => {
  expect(castOf([scripted([asking('curl')]), scripted([asking('curl')])], EVERYONE)).toEqual(['curl']);
});

it('has a lane for each claim that makes policies, and one for all others', () => {
  const maker = scripted([allowing('curl')]);
  expect(castOf([maker], EVERYONE)).toEqual(['curl']);
  expect(castOf([maker, maker], EVERYONE)).toEqual(['curl', 'curl-2']);
  expect(castOf([maker, maker, scripted([asking('curl')])], EVERYONE)).toEqual(['curl', 'curl-2', 'curl-3']);
  expect(castOf([maker, maker, maker, maker], EVERYONE)).toEqual(['curl', 'curl-2', 'curl-3']);
});

it('has what claims name, in each lane that there is', () => {
  const maker = scripted([allowing('namesake'), asking('visitor')]);
  expect(castOf([maker, maker], EVERYONE)).toEqual(['curl', 'curl-2', 'namesake', 'namesake-2', 'visitor']);
});

it('has whom a vigil is kept with', () => {
  expect(castOf([scripted([], { vigil: 'egress' })], EVERYONE)).toEqual(['curl', 'visitor']);
});

it('has one of each where all pods are asked about', () => {
  expect(castOf([scripted([{ method: 'enrolled', params: {} }])], EVERYONE)).toEqual(['curl', 'namesake', 'visitor']);
  expect(castOf([scripted([{ method: 'stable', params: {} }])], EVERYONE)).toEqual(['curl', 'namesake', 'visitor']);
});
