import { expect, it } from '@jest/globals';
import type { DeclaredClaim } from '../judge/declare.ts';
import { type Call, resourceUseOf } from '../judge/script.ts';
import { requiredClientsOf } from './required-clients.ts';
import type { Scripted } from './simulate.ts';

const EVERYONE = ['curl', 'curl-2', 'curl-3', 'same-name-client', 'same-name-client-2', 'other-client'];

function asking(client: string): Call {
  const route = { client, to: 'httpbin', protocol: 'http', port: 1, by: 'name', manner: 'plain' } as const;
  return { method: 'expect', params: { size: 'expect', answered: [route], refused: [] } };
}

function allowing(client: string): Call {
  const policy = { name: client, client, server: 'httpbin', port: 1, protocol: 'http' } as const;
  return { method: 'allow', params: { policies: [policy], part: 'all' } };
}

function scripted(script: Call[], more: Partial<DeclaredClaim> = {}): Scripted {
  const claim: DeclaredClaim = { id: 'a/1', suite: 'a', title: 's', spec: 's', level: 'core', features: [], ...more };
  return { claim, script, resourceUse: resourceUseOf(script) };
}

it('has one client where no policies are made', () => {
  expect(requiredClientsOf([scripted([asking('curl')]), scripted([asking('curl')])], EVERYONE)).toEqual(['curl']);
});

it('has a client set for each claim that makes policies, and one for all others', () => {
  const maker = scripted([allowing('curl')]);
  expect(requiredClientsOf([maker], EVERYONE)).toEqual(['curl']);
  expect(requiredClientsOf([maker, maker], EVERYONE)).toEqual(['curl', 'curl-2']);
  expect(requiredClientsOf([maker, maker, scripted([asking('curl')])], EVERYONE)).toEqual(['curl', 'curl-2', 'curl-3']);
  expect(requiredClientsOf([maker, maker, maker, maker], EVERYONE)).toEqual(['curl', 'curl-2', 'curl-3']);
});

it('has what claims name, in each client set that there is', () => {
  const maker = scripted([allowing('same-name-client'), asking('other-client')]);
  expect(requiredClientsOf([maker, maker], EVERYONE)).toEqual([
    'curl',
    'curl-2',
    'same-name-client',
    'same-name-client-2',
    'other-client',
  ]);
});

it('has whom a stability check is kept with', () => {
  expect(requiredClientsOf([scripted([], { stabilityCheck: 'egress' })], EVERYONE)).toEqual(['curl', 'other-client']);
});

it('has one of each where all pods are asked about', () => {
  expect(requiredClientsOf([scripted([{ method: 'enrolled', params: {} }])], EVERYONE)).toEqual([
    'curl',
    'same-name-client',
    'other-client',
  ]);
  expect(requiredClientsOf([scripted([{ method: 'stable', params: {} }])], EVERYONE)).toEqual([
    'curl',
    'same-name-client',
    'other-client',
  ]);
});
