import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { ClusterError } from '../cluster.ts';
import { asClusterError, connectionFailure, reasonOf, refusal, TransientError } from './failures.ts';

function status(code: number, message: string): { status: number; text: string } {
  return { status: code, text: JSON.stringify({ kind: 'Status', status: 'Failure', code, message }) };
}

describe('reasonOf', () => {
  test('takes an error of Node’s own realm, which is not instanceof Error inside jest', async () => {
    const foreign = await new Promise<unknown>((resolve) => connect(1, '127.0.0.1').on('error', resolve));

    expect(foreign).not.toBeInstanceOf(Error);
    expect(reasonOf(foreign)).toMatchObject({ code: 'ECONNREFUSED', message: expect.stringContaining('ECONNREFUSED') });
  });

  test('takes a value that is no error', () => {
    expect(reasonOf('so').message).toBe('so');
    expect(reasonOf(undefined).message).toBe('undefined');
  });
});

describe('connectionFailure', () => {
  test.each(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN'])('%s is transient', (code) => {
    const failure = connectionFailure('get Pod a/b', Object.assign(new Error(`connect ${code}`), { code }));

    expect(failure).toBeInstanceOf(TransientError);
    expect(failure).toMatchObject({ code: 'unreachable', message: `cannot get Pod a/b: connect ${code}` });
  });

  test('only a refused connection left the server untouched', () => {
    const failureOf = (code: string): unknown => connectionFailure('x', Object.assign(new Error(code), { code }));

    expect(failureOf('ECONNREFUSED')).toMatchObject({ untouched: true });
    expect(failureOf('ECONNRESET')).toMatchObject({ untouched: false });
  });

  test('a certificate that is not trusted is not transient', () => {
    const thrown = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });

    expect(connectionFailure('get x', thrown)).not.toBeInstanceOf(TransientError);
    expect(connectionFailure('get x', thrown).code).toBe('unreachable');
  });

  test('an error without a message is named by its code', () => {
    const thrown = Object.assign(new Error(''), { code: 'ECONNREFUSED' });

    expect(connectionFailure('get x', thrown).message).toBe('cannot get x: ECONNREFUSED');
  });
});

describe('refusal', () => {
  test.each([
    [400, 'invalid'],
    [401, 'forbidden'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [409, 'conflict'],
    [422, 'invalid'],
    [410, 'other'],
  ])('%i is %s, and is not retried', (code, expected) => {
    const error = refusal('get x', status(code, 'no'));

    expect(error).not.toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ code: expected, status: code, message: 'cannot get x: no' });
  });

  test.each([
    [429, 'unreachable'],
    [500, 'other'],
    [502, 'unreachable'],
    [503, 'unreachable'],
    [504, 'timeout'],
  ])('%i is %s, and transient', (code, expected) => {
    expect(refusal('get x', status(code, 'no'))).toBeInstanceOf(TransientError);
    expect(refusal('get x', status(code, 'no')).code).toBe(expected);
  });

  test('a lost race of two writers is a transient conflict', () => {
    const reason = 'Operation cannot be fulfilled on x: the object has been modified; please apply your changes';

    expect(refusal('apply x', status(409, reason))).toBeInstanceOf(TransientError);
    expect(refusal('apply x', status(409, reason)).code).toBe('conflict');
  });

  test.each([
    [403, 'admission webhook "v.example" denied the request: no'],
    [500, 'admission webhook "v.example" denied the request: json: cannot unmarshal string into Go value of type bool'],
    [403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest": …'],
    [
      500,
      'failed to create typed patch object (a/b; v1, Kind=X): .spec.on: expected boolean, got &value.valueUnstructured',
    ],
  ])('%i with "%s" is invalid: the content was refused', (code, reason) => {
    expect(refusal('apply x', status(code, reason))).toMatchObject({ code: 'invalid', status: code });
    expect(refusal('apply x', status(code, reason))).not.toBeInstanceOf(TransientError);
  });

  test('a namespace that is going away is a conflict, not a missing permission', () => {
    const reason = 'pods "x" is forbidden: unable to create new content in namespace a because it is being terminated';

    expect(refusal('create x', status(403, reason))).toMatchObject({ code: 'conflict', status: 403 });
  });

  test('a webhook that does not answer is transient, and the object is unchanged', () => {
    const reason = 'Internal error occurred: failed calling webhook "x": connect: connection refused';

    expect(refusal('create x', status(500, reason))).toMatchObject({ untouched: true });
  });

  test('waits as long as Retry-After says', () => {
    expect(refusal('get x', { ...status(429, 'slow'), retryAfter: '3' })).toMatchObject({ retryAfterMs: 3000 });
    expect(refusal('get x', { ...status(429, 'slow'), retryAfter: 'soon' })).toMatchObject({ retryAfterMs: 0 });
  });

  test('an answer that is no Status is quoted', () => {
    expect(refusal('get x', { status: 502, text: 'bad gateway\n' }).message).toBe('cannot get x: bad gateway');
    expect(refusal('get x', { status: 502, text: '' }).message).toBe('cannot get x: HTTP 502');
  });
});

test('a ClusterError stays what it is', () => {
  const error = new ClusterError('conflict', 'x', 409);

  expect(asClusterError(error)).toBe(error);
  expect(connectionFailure('get x', error)).toBe(error);
  expect(asClusterError(new TypeError('y'))).toMatchObject({ name: 'ClusterError', code: 'other', message: 'y' });
});
