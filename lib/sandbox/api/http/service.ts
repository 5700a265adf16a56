import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Kubelet } from '../../contract.ts';
import type { Core } from '../objects/index.ts';
import type { Tokens, User } from '../rbac/index.ts';

/** What answers requests. */
export interface Service {
  core: Core;
  kubelet: Kubelet;
  tokens: Tokens;
  /** The run's own token. */
  token: string;
}

/** A request whose sender is known. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  query: URLSearchParams;
  user: User;
}
