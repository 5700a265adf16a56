import { describe, expect, test } from '@jest/globals';
import { curl, tcpEcho as echo, otherClient, policies, policy } from './harness.ts';
import { ask, scriptOf } from './judge/ask.ts';
import { resourceUseOf } from './judge/claim.ts';

describe('the script of a claim', () => {
  test('has everything that its body asks for, in order', async () => {
    const allowRule = policy({ client: curl, server: echo });
    const script = await scriptOf(async () => {
      await ask('expect', { size: 'given', answered: [], refused: [otherClient.sends(echo)] });
      await allowRule.apply();
      await allowRule.target.delete();
      await ask('mode', { mode: 'egress', value: true });
    });
    expect(script.map(({ method }) => method)).toEqual(['expect', 'allow', 'remove', 'mode']);
    expect(resourceUseOf(script)).toEqual({
      fixtures: ['curl', 'other-client', 'tcp-echo'],
      switches: ['egress'],
      policies: true,
      alone: false,
    });
  });

  test.each([
    ['reinstall', () => ask('reinstall', { modes: { permissive: true, egress: true } })],
    ['invalid', () => ask('invalid', { mode: 'permissive' })],
  ] as const)('that asks for %s leaves room for nobody', async (_, call) => {
    const script = await scriptOf(async () => {
      await call();
    });
    expect(resourceUseOf(script)).toEqual({ fixtures: [], switches: [], policies: false, alone: true });
  });

  test('has several policies in one change', async () => {
    const both = policies({ client: curl, server: echo }, { client: otherClient, server: echo, ports: [9001] });
    const [call] = await scriptOf(() => both.route.apply());
    expect(call).toEqual({
      method: 'allow',
      params: {
        policies: [
          { name: 'curl-to-tcp-echo-9000', clients: ['curl'], server: 'tcp-echo', ports: [9000], protocol: 'tcp' },
          {
            name: 'other-client-to-tcp-echo-9001',
            clients: ['other-client'],
            server: 'tcp-echo',
            ports: [9001],
            protocol: 'tcp',
          },
        ],
        part: 'route',
      },
    });
  });

  test('has one policy for several clients and ports, which is edited under its name', async () => {
    const calls = await scriptOf(async () => {
      const allowRule = policy({ client: [curl, otherClient], server: echo, ports: [9000, 9001] });
      await allowRule.apply();
      await allowRule.edit({ client: curl, server: echo, ports: [9001] });
    });
    const name = 'curl-and-other-client-to-tcp-echo-9000-9001';
    expect(calls.map(({ params }) => (params as { policies: object[] }).policies)).toEqual([
      [{ name, clients: ['curl', 'other-client'], server: 'tcp-echo', ports: [9000, 9001], protocol: 'tcp' }],
      [{ name, clients: ['curl'], server: 'tcp-echo', ports: [9001], protocol: 'tcp' }],
    ]);
  });
});
