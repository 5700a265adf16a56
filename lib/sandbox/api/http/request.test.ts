import { describe, expect, test } from '@jest/globals';
import { targetOf } from './request.ts';

const target = (method: string, path: string, query = '') => targetOf(method, path, new URLSearchParams(query));

describe('a path', () => {
  test.each([
    [
      'GET',
      '/api/v1/namespaces/a/pods/b/log',
      { verb: 'get', namespace: 'a', plural: 'pods', name: 'b', subresource: 'log' },
    ],
    ['GET', '/apis/apps/v1/deployments', { verb: 'list', group: 'apps', version: 'v1', namespace: '', name: '' }],
    ['POST', '/apis/apps/v1/namespaces/a/deployments', { verb: 'create', namespace: 'a', plural: 'deployments' }],
    ['DELETE', '/api/v1/namespaces/a', { verb: 'delete', namespace: '', plural: 'namespaces', name: 'a' }],
    ['GET', '/api/v1/namespaces/a/pods/b/exec', { verb: 'get', name: 'b', subresource: 'exec' }],
  ])('%s %s names its object', (method, path, expected) => {
    expect(target(method, path)).toMatchObject(expected);
  });

  test('is watched if the query asks for it', () => {
    expect(target('GET', '/api/v1/pods', 'watch=1')?.verb).toBe('watch');
  });

  test.each(['/version', '/api', '/api/v1', '/apis/apps/v1', '/api/v1/namespaces/a/pods/b/log/c'])(
    '%s names no object',
    (path) => {
      expect(target('GET', path)).toBeUndefined();
    },
  );
});
