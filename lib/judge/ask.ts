import { AsyncLocalStorage } from 'node:async_hooks';
import { Socket } from 'node:net';
import { type Answer, type Call, type ClaimKey, type Method, type Params, RunnerClient } from './calls.ts';
import type { ClaimBody } from './claim.ts';

/**
 * Answers what a claim's body asks for: the runner does, or a recorder that only wants to know what it would ask.
 * Several bodies run side by side in one process, each with its own.
 */
const answerers = new AsyncLocalStorage<(call: Call) => Promise<unknown>>();

/** What every call of the harness comes down to. @throws Error outside of a claim's body */
export async function ask<M extends Method>(method: M, params: Params<M>): Promise<Answer<M>> {
  const answerer = answerers.getStore();
  if (answerer === undefined) throw new Error('claims run under "meshproof run" only');
  return answerer({ method, params } as Call) as Promise<Answer<M>>;
}

/** Everything that a claim's body asks for, in order, when all goes well. */
export async function scriptOf(body: ClaimBody): Promise<Call[]> {
  const calls: Call[] = [];
  const record = async (call: Call) => {
    calls.push(call);
  };
  await answerers.run(record, body);
  return calls;
}

/** Connects this process to the runner, which started it with a pipe as file descriptor 3. */
export function connectToRunner(): RunnerClient {
  let pipe: Socket;
  try {
    pipe = new Socket({ fd: 3 });
  } catch {
    throw new Error('claims run under "meshproof run" only: there is no pipe to the runner');
  }
  return new RunnerClient(pipe);
}

/**
 * Runs one claim as often as the runner asks for: again after an environment fault, and as often as --retries allows.
 * @param more whether other claims begin right after it
 * @throws Error with the verdict and its reason, for jest and Allure; the runner has it already
 */
export async function runClaim(runner: RunnerClient, claim: ClaimKey, body: ClaimBody, more: boolean): Promise<void> {
  const askRunner = ({ method, params }: Call) => runner.call(method, params, claim);
  for (let isFirst = true; ; isFirst = false) {
    const { go, reason: why } = await runner.call('begin', { more: isFirst && more }, claim);
    if (!go) throw new Error(`not run: ${why}`);
    let error: string | undefined;
    try {
      await answerers.run(askRunner, body);
    } catch (thrown) {
      error = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    }
    const { again, verdict, reason } = await runner.call('end', error === undefined ? {} : { error }, claim);
    if (again) continue;
    if (verdict === 'passed' || verdict === 'flaky') return;
    throw new Error(`${verdict}: ${reason}`);
  }
}
