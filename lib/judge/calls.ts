import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { AllowRequest, ModeName, ModeState } from '../mesh/mesh.ts';
import type { Size } from './expectation.ts';
import type { MoreService, RouteSpec } from './routes.ts';

/** A policy as a suite asks for it, by the fixtures' names. */
export interface PolicySpec extends Pick<AllowRequest, 'name' | 'ports' | 'protocol' | 'matches'> {
  clients: string[];
  server: string;
}

/** Which of a policy's objects: what is allowed (`route`), to whom (`target`), or all. */
export type PolicyPart = 'route' | 'target' | 'all';

/** Which claim asks. */
export interface ClaimKey {
  id: string;
  /** 1 for the first time; more with --repeat. */
  run: number;
}

type Nothing = Record<string, never>;

/** What a claim's body, in jest, can ask of the runner: method, parameters, answer. One JSON line each way. */
interface Calls {
  /** The claims to declare, in the plan's order. */
  claims: { params: Nothing; answer: { id: string; run: number; skip: boolean }[] };
  /** `more`: others are about to begin, and the first of them must wait for the last. */
  begin: { params: { more: boolean }; answer: { go: boolean; reason: string } };
  end: { params: { error?: string }; answer: { again: boolean; verdict: string; reason: string } };
  mode: { params: { mode: ModeName; value: boolean }; answer: null };
  expect: { params: { size: Size; answered: RouteSpec[]; refused: RouteSpec[] }; answer: null };
  stayed: { params: { mode: ModeName }; answer: null };
  /** All in one change. */
  allow: { params: { policies: PolicySpec[]; part: PolicyPart }; answer: null };
  remove: { params: { names: string[]; part: PolicyPart }; answer: null };
  /** Makes another Service of a server's pods. */
  expose: { params: { server: string; service: MoreService }; answer: null };
  /** Deletes a fixture's pod, and waits for the one that takes its place. */
  replace: { params: { fixture: string }; answer: null };
  restartControlPlane: { params: Nothing; answer: null };
  reinstall: { params: { modes: Required<ModeState> }; answer: null };
  invalid: { params: { mode: ModeName }; answer: null };
  enrolled: { params: Nothing; answer: null };
  stable: { params: Nothing; answer: null };
  openConnection: { params: { route: RouteSpec }; answer: null };
  finishConnection: { params: { route: RouteSpec }; answer: null };
}

export type Method = keyof Calls;
export type Params<M extends Method> = Calls[M]['params'];
export type Answer<M extends Method> = Calls[M]['answer'];

/** One thing that a claim's body asks for. */
export type Call = { [M in Method]: { method: M; params: Params<M> } }[Method];

/** Answers a call. A claim without an id asks for none: no plan has it. */
export type Handler = (call: Call, claim: ClaimKey) => Promise<unknown>;

type Request = Call & { id: number; claim?: ClaimKey };

type Response = { id: number; answer: unknown } | { id: number; error: { name: string; message: string } };

/** The claims' side of the pipe. When the runner goes away, this process has nothing left to do and ends. */
export class RunnerClient {
  private readonly pipe: Duplex;
  private readonly calls = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  private count = 0;

  constructor(pipe: Duplex) {
    this.pipe = pipe;
    pipe.on('close', () => process.exit(1));
    pipe.on('error', () => process.exit(1));
    createInterface({ input: pipe }).on('line', (line) => this.settle(JSON.parse(line) as Response));
  }

  /** @param claim on whose behalf; absent where no claim asks */
  async call<M extends Method>(method: M, params: Params<M>, claim?: ClaimKey): Promise<Answer<M>> {
    this.count += 1;
    const id = this.count;
    const answer = await new Promise((resolve, reject) => {
      this.calls.set(id, { resolve, reject });
      this.pipe.write(`${JSON.stringify({ id, claim, method, params })}\n`);
    });
    return answer as Answer<M>;
  }

  private settle(response: Response): void {
    const call = this.calls.get(response.id);
    this.calls.delete(response.id);
    if ('answer' in response) call?.resolve(response.answer);
    else call?.reject(Object.assign(new Error(response.error.message), { name: response.error.name }));
  }
}

/**
 * The runner's side: answers the calls of the one jest process.
 * @param handler calls wait for it
 */
export function serveClaims(pipe: Duplex, handler: Promise<Handler>): void {
  pipe.on('error', () => pipe.destroy());
  const lines = createInterface({ input: pipe });
  // readline repeats the pipe's errors as its own, and an error without a listener would end this process.
  lines.on('error', () => pipe.destroy());
  lines.on('line', (line) => {
    const request = requestIn(line);
    if (request === undefined) {
      pipe.destroy();
      return;
    }
    void responseTo(request, handler).then((response) => {
      if (!pipe.destroyed) pipe.write(`${JSON.stringify(response)}\n`);
    });
  });
}

/** Undefined for half a line: a process that is killed while it writes leaves one. */
function requestIn(line: string): Request | undefined {
  try {
    return JSON.parse(line) as Request;
  } catch {
    return undefined;
  }
}

async function responseTo(
  { id, claim = { id: '', run: 0 }, ...call }: Request,
  handler: Promise<Handler>,
): Promise<Response> {
  try {
    return { id, answer: await (await handler)(call, claim) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { id, error: { name, message } };
  }
}
