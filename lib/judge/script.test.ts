import { describe, expect, test } from '@jest/globals';
import { clientActor, policyFor, serverActor } from './actors.ts';
import { ask } from './asker.ts';
import { resourceUseOf, scriptOf } from './script.ts';

const curl = clientActor('curl');
const otherClient = clientActor('other-client');
const echo = serverActor('tcp-echo');

describe('the script of a claim', () => {
  test('has everything that its body asks for, in order', async () => {
    const allowRule = policyFor({ client: curl, server: echo });
    const script = await scriptOf(async () => {
      await ask('expect', { size: 'given', answered: [], refused: [otherClient.says(echo)] });
      await allowRule.apply();
      await allowRule.target.delete();
      await ask('mode', { mode: 'egress', value: true });
    });
    expect(script.map(({ method }) => method)).toEqual(['expect', 'allow', 'remove', 'mode']);
    expect(resourceUseOf(script)).toEqual({
      clients: ['curl', 'other-client'],
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
    expect(resourceUseOf(script)).toEqual({ clients: [], switches: [], policies: false, alone: true });
  });

  test('has several policies in one change', async () => {
    const both = policyFor({ client: curl, server: echo }, { client: otherClient, server: echo, port: 9001 });
    const [call] = await scriptOf(() => both.route.apply());
    expect(call).toEqual({
      method: 'allow',
      params: {
        policies: [
          { name: 'curl-to-tcp-echo-9000', client: 'curl', server: 'tcp-echo', port: 9000, protocol: 'tcp' },
          {
            name: 'other-client-to-tcp-echo-9001',
            client: 'other-client',
            server: 'tcp-echo',
            port: 9001,
            protocol: 'tcp',
          },
        ],
        part: 'route',
      },
    });
  });
});
