import { describe, expect, test } from '@jest/globals';
import { decode, WrongType } from './decode.ts';
import { builtin } from './schema.ts';
import { structural } from './structural.ts';

const deployment = builtin('io.k8s.api.apps.v1.Deployment');

describe('decoding a built-in kind', () => {
  test('drops and names unknown fields, drops nulls and empty maps', () => {
    const { value, unknown } = decode(
      {
        metadata: { name: 'a', labels: {}, creationTimestamp: null },
        spec: { replicas: 1, foo: 1, template: { spec: { containers: [{ bar: 2 }] } } },
      },
      deployment,
      'Deployment',
    );

    expect(value).toEqual({ metadata: { name: 'a' }, spec: { replicas: 1, template: { spec: { containers: [{}] } } } });
    expect(unknown).toEqual(['spec.foo', 'spec.template.spec.containers[0].bar']);
  });

  test.each([
    [
      { spec: { replicas: 'a' } },
      'cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { metadata: { labels: { a: 1 } } },
      'cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [{ spec: { paused: 1 } }, 'cannot unmarshal number into Go struct field DeploymentSpec.spec.paused of type bool'],
    [{ metadata: { creationTimestamp: 'soon' } }, 'parsing time "soon"'],
  ])('refuses %j', (value, message) => {
    expect(() => decode(value, deployment, 'Deployment')).toThrow(WrongType);
    expect(() => decode(value, deployment, 'Deployment')).toThrow(message);
  });

  test('takes numbers and strings where either may stand', () => {
    const strategy = (value: unknown) => ({ spec: { strategy: { rollingUpdate: { maxSurge: value } } } });

    expect(decode(strategy(1), deployment, 'D').value).toEqual(strategy(1));
    expect(decode(strategy('25%'), deployment, 'D').value).toEqual(strategy('25%'));
    expect(() => decode(strategy(true), deployment, 'D')).toThrow(WrongType);
  });
});

describe('a structural schema', () => {
  const form = structural({
    type: 'object',
    required: ['spec'],
    properties: {
      spec: {
        type: 'object',
        required: ['size'],
        properties: {
          size: { type: 'integer', minimum: 1 },
          on: { type: 'boolean' },
          mode: { type: 'string', enum: ['a', 'b'], default: 'a' },
          note: { type: 'string', nullable: true, maxLength: 3, pattern: '^x' },
          port: { 'x-kubernetes-int-or-string': true },
          ports: { type: 'array', minItems: 1, items: { type: 'integer' } },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          tags: { type: 'object', additionalProperties: { type: 'string' } },
        },
      },
    },
  });
  const problems = (spec: unknown): string[] =>
    form
      .validate({ apiVersion: 'a/v1', kind: 'K', metadata: {}, spec })
      .map(({ field, message }) => `${field}: ${message}`);

  test('prunes what it does not have, and keeps what it may not look into', () => {
    const object = { metadata: { any: 1 }, spec: { size: 1, nope: 1, free: { any: 1 }, tags: { a: 'b' } }, more: 1 };

    expect(form.prune(object)).toEqual(['spec.nope', 'more']);
    expect(object).toEqual({ metadata: { any: 1 }, spec: { size: 1, free: { any: 1 }, tags: { a: 'b' } } });
  });

  test('fills in defaults, and drops nulls that are not allowed', () => {
    const object = { spec: { size: 1, on: null, note: null, mode: null } };
    form.setDefaults(object);

    expect(object).toEqual({ spec: { size: 1, note: null, mode: 'a' } });
  });

  test('names what is wrong as the real server does', () => {
    expect(problems({ size: 1, on: 'yes' })).toEqual([
      'spec.on: Invalid value: "string": spec.on in body must be of type boolean: "string"',
    ]);
    expect(problems({})).toEqual(['spec.size: Required value']);
    expect(problems({ size: 0 })).toEqual([
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    ]);
    expect(problems({ size: 1, mode: 'c' })).toEqual(['spec.mode: Unsupported value: "c": supported values: "a", "b"']);
    expect(problems({ size: 1, note: 'xyzz' })).toEqual(['spec.note: Too long: may not be more than 3 bytes']);
    expect(problems({ size: 1, ports: ['x'] })).toEqual([
      'spec.ports[0]: Invalid value: "string": spec.ports[0] in body must be of type integer: "string"',
    ]);
    expect(problems({ size: 1, port: true })).toHaveLength(1);
  });

  test('finds nothing wrong with what is right', () => {
    expect(problems({ size: 2, on: false, mode: 'b', note: null, port: 'http', ports: [1], tags: { a: 'b' } })).toEqual(
      [],
    );
  });
});
