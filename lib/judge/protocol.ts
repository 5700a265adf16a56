import type { ModeName } from '../mesh/mesh.ts';
import type { ModeState } from './declare.ts';
import type { Size } from './expectation.ts';
import type { PolicyPart } from './policies.ts';
import type { RouteSpec } from './routes.ts';

/** A policy as a suite asks for it, by the fixtures' names. */
export interface PolicySpec {
  name: string;
  client: string;
  server: string;
  port: number;
  protocol: 'tcp' | 'http';
  path?: string;
}

/** Which claim asks. */
export interface ClaimKey {
  id: string;
  /** 1 for the first time; more with --repeat. */
  run: number;
}

/** What a claim, in jest, can ask of the runner: method, parameters, answer. One JSON line each way. */
export interface Calls {
  /** The claims to declare, in order, as the plan has them. */
  claims: { params: Record<string, never>; answer: { id: string; run: number; skip: boolean }[] };
  /** `more`: others are about to begin, and the first of them must not be let in before the last has come. */
  begin: { params: { more: boolean }; answer: { go: boolean; reason: string } };
  end: { params: { error?: string }; answer: { again: boolean; verdict: string; reason: string } };
  mode: { params: { mode: ModeName; value: boolean }; answer: null };
  expect: { params: { size: Size; answered: RouteSpec[]; refused: RouteSpec[] }; answer: null };
  stayed: { params: { mode: ModeName }; answer: null };
  /** All in one change. */
  allow: { params: { policies: PolicySpec[]; part: PolicyPart }; answer: null };
  remove: { params: { names: string[]; part: PolicyPart }; answer: null };
  reinstall: { params: { modes: Required<ModeState> }; answer: null };
  invalid: { params: { mode: ModeName }; answer: null };
  enrolled: { params: Record<string, never>; answer: null };
  stable: { params: Record<string, never>; answer: null };
  lingerOpen: { params: { route: RouteSpec }; answer: null };
  lingerFinish: { params: { route: RouteSpec }; answer: null };
}

export type Method = keyof Calls;
export type Params<M extends Method> = Calls[M]['params'];
export type Answer<M extends Method> = Calls[M]['answer'];

export interface Request {
  id: number;
  /** Absent where no claim asks. */
  claim?: ClaimKey;
  method: Method;
  params: unknown;
}

export type Response = { id: number; answer: unknown } | { id: number; error: { name: string; message: string } };

export type Handlers = { [M in Method]: (params: Params<M>, claim: ClaimKey) => Promise<Answer<M>> };
