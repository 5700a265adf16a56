/** The token subresource of ServiceAccounts. */
import { methodNotAllowed, notFound } from '../errors.ts';
import { at, fieldsOf, numberOf, stringsOf } from '../json.ts';
import { stored } from '../objects/index.ts';
import type { Resource } from '../resources/index.ts';
import { readObject } from './body.ts';
import { respond } from './respond.ts';
import type { Exchange, Service } from './service.ts';
import type { RequestTarget } from './target.ts';

const anHour = 3600;

export async function serveToken(
  service: Service,
  exchange: Exchange,
  resource: Resource,
  target: RequestTarget,
): Promise<void> {
  if (target.verb !== 'create') throw methodNotAllowed();
  const account = stored(service.core, resource, target.namespace, target.name);
  if (account === undefined) throw notFound(resource, target.name);
  const body = await readObject(exchange.request);
  const spec = fieldsOf(body['spec']);
  const seconds = numberOf(at(spec, 'expirationSeconds'), anHour);
  const asked = stringsOf(spec['audiences']);
  const audiences = asked.length === 0 ? ['https://kubernetes.default.svc'] : asked;
  const { token, expires } = service.tokens.issue(account, audiences, seconds);
  respond(exchange.response, 201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: target.name, namespace: target.namespace },
    spec: { ...spec, audiences, expirationSeconds: seconds },
    status: { token, expirationTimestamp: new Date(expires).toISOString() },
  });
}
