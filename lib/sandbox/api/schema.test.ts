import { describe, expect, test } from '@jest/globals';
import { builtin, complete, decode, type Schema } from './schema.ts';

const deployment = builtin('Deployment');

describe('decoding a built-in kind', () => {
  test('drops and names unknown fields, and drops nulls and empty maps and lists', () => {
    const { value, unknown } = decode(
      {
        metadata: { name: 'a', labels: {}, finalizers: [], creationTimestamp: null },
        spec: { replicas: 1, foo: 1, template: { spec: { containers: [{ bar: 2 }] } } },
      },
      deployment,
      false,
    );

    expect(value).toEqual({ metadata: { name: 'a' }, spec: { replicas: 1, template: { spec: { containers: [{}] } } } });
    expect(unknown).toEqual(['spec.foo', 'spec.template.spec.containers[0].bar']);
  });

  test.each([
    [{ spec: { replicas: 'a' } }, 'spec.replicas: must be integer (int32)'],
    [{ metadata: { labels: { a: 1 } } }, 'metadata.labels.a: must be string'],
    [{ spec: { paused: 1 } }, 'spec.paused: must be boolean'],
    [{ spec: { template: { spec: { containers: [1] } } } }, 'spec.template.spec.containers[0]: must be object'],
    [{ metadata: { creationTimestamp: 'soon' } }, 'metadata.creationTimestamp: must be string (date-time)'],
  ])('finds the wrong type in %j', (value, expected) => {
    const { mistyped } = decode(value, deployment, false);

    expect(mistyped.map(({ field, message }) => `${field}: ${message}`)).toEqual([expected]);
  });

  test('takes numbers and strings where both are allowed', () => {
    const strategy = (value: unknown) => ({ spec: { strategy: { rollingUpdate: { maxSurge: value } } } });

    expect(decode(strategy(1), deployment, false)).toMatchObject({ value: strategy(1), mistyped: [] });
    expect(decode(strategy('25%'), deployment, false)).toMatchObject({ value: strategy('25%'), mistyped: [] });
    expect(decode(strategy(true), deployment, false).mistyped).toHaveLength(1);
  });
});

describe('a structural schema', () => {
  const schema: Schema = {
    type: 'object',
    required: ['spec'],
    properties: {
      spec: {
        type: 'object',
        required: ['size'],
        properties: {
          size: { type: 'integer', minimum: 1, maximum: 8 },
          on: { type: 'boolean' },
          mode: { type: 'string', enum: ['a', 'b'], default: 'a' },
          note: { type: 'string', nullable: true, pattern: '^x' },
          port: { 'x-kubernetes-int-or-string': true },
          ports: { type: 'array', items: { type: 'integer' } },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          tags: { type: 'object', additionalProperties: { type: 'string' } },
          closed: { type: 'object' },
        },
      },
    },
  };
  const problems = (spec: unknown): string[] => {
    const { value, mistyped } = decode({ apiVersion: 'a/v1', kind: 'K', metadata: {}, spec }, schema, true);
    return [...mistyped, ...complete(value, schema)].map(({ field, message }) => `${field}: ${message}`);
  };

  test('drops what it does not have, and keeps what it does not describe', () => {
    const object = {
      metadata: { any: 1 },
      spec: { size: 1, nope: 1, free: { any: 1 }, tags: {}, closed: { a: 1 } },
      more: 1,
    };

    expect(decode(object, schema, true)).toMatchObject({
      value: { metadata: { any: 1 }, spec: { size: 1, free: { any: 1 }, tags: {}, closed: {} } },
      unknown: ['spec.nope', 'spec.closed.a', 'more'],
    });
  });

  test('fills in defaults, and keeps only allowed nulls', () => {
    const { value } = decode({ spec: { size: 1, on: null, note: null, mode: null } }, schema, true);
    complete(value, schema);

    expect(value).toEqual({ spec: { size: 1, note: null, mode: 'a' } });
  });

  test.each([
    [{ size: 1, on: 'yes' }, 'spec.on: must be boolean'],
    [{}, 'spec.size: is required'],
    [{ size: 0 }, 'spec.size: must be between 1 and 8'],
    [{ size: 9 }, 'spec.size: must be between 1 and 8'],
    [{ size: 1, mode: 'c' }, 'spec.mode: must be one of ["a","b"]'],
    [{ size: 1, note: 'y' }, 'spec.note: must match ^x'],
    [{ size: 1, ports: ['x'] }, 'spec.ports[0]: must be integer'],
    [{ size: 1, port: true }, 'spec.port: must be integer or string'],
  ])('finds what is wrong in %j', (spec, problem) => {
    expect(problems(spec)).toEqual([problem]);
  });

  test('finds nothing wrong with a valid object', () => {
    expect(problems({ size: 2, on: false, mode: 'b', note: null, port: 'http', ports: [1], tags: { a: 'b' } })).toEqual(
      [],
    );
  });
});
