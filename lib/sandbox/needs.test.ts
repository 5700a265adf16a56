import { expect, test } from '@jest/globals';
import { forbidden } from './needs.ts';

const forbiddenWith = (settings: Record<string, string>) =>
  forbidden('user namespaces', 'no space left', 'run it elsewhere', (file) => settings[file]);

test.each([
  [{ 'kernel/unprivileged_userns_clone': '0' }, 'kernel.unprivileged_userns_clone=1'],
  [
    { 'kernel/unprivileged_userns_clone': '1', 'kernel/apparmor_restrict_unprivileged_userns': '1' },
    'kernel.apparmor_restrict_unprivileged_userns=0',
  ],
  [{ 'user/max_user_namespaces': '0' }, 'user.max_user_namespaces=10000'],
])('what is forbidden by %j is allowed by %s', (settings: Record<string, string>, allow) => {
  const [name] = allow.split('=');
  expect(forbiddenWith(settings)).toEqual([
    {
      what: 'user namespaces',
      trouble: `forbidden by the sysctl ${name} (no space left)`,
      remedy: `as root: sysctl -w ${allow}`,
    },
  ]);
});

test('where no sysctl forbids it, something around the process does', () => {
  expect(forbiddenWith({ 'user/max_user_namespaces': '5000' })).toEqual([
    {
      what: 'user namespaces',
      trouble: 'forbidden, and by no sysctl (no space left)',
      remedy: 'run it elsewhere',
    },
  ]);
});
