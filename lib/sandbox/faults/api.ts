import type { RequestListener } from 'node:http';
import type { FaultWindow } from './window.ts';

/** What becomes of the API's requests while the fault lasts. */
export interface ApiTrouble {
  /** Connections are broken off, and new ones too. */
  isDown?: true;
  delayMs?: number;
  status?: 429 | 500;
}

/** Stands in front of the API server. */
export interface AroundApi {
  around(next: RequestListener): RequestListener;
  /** Whether new sessions of exec are broken off at this moment. */
  refusesUpgrades(): boolean;
  /** Takes what breaks off every connection there is. */
  attach(cut: () => void): void;
}

export function apiFault(window: FaultWindow, { isDown, delayMs = 0, status }: ApiTrouble): AroundApi {
  return {
    around: (next) => (request, response) => {
      if (!window.isOpen) next(request, response);
      else if (isDown) request.socket.destroy();
      else if (status === undefined) setTimeout(() => next(request, response), delayMs);
      else {
        const reason = status === 429 ? 'TooManyRequests' : 'InternalError';
        const answer = {
          kind: 'Status',
          apiVersion: 'v1',
          status: 'Failure',
          reason,
          code: status,
          message: 'a fault',
        };
        response.writeHead(status, { 'Content-Type': 'application/json', 'Retry-After': '1' });
        response.end(JSON.stringify(answer));
      }
    },
    refusesUpgrades: () => window.isOpen && (isDown === true || status !== undefined),
    attach: (cut) => {
      if (isDown) window.opening(cut);
    },
  };
}
