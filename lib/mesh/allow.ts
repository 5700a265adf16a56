import type { AllowSpec } from './driver.ts';
import type { AllowObjects, AllowRequest, Party } from './mesh.ts';
import { type Filling, fill, type Values } from './template/template.ts';

/** The objects that let the request's client reach its server. */
export function allowObjects(spec: AllowSpec, request: AllowRequest, filling: Filling): AllowObjects {
  const { name, port, path } = request;
  const values: Values = {
    ...filling.values,
    name,
    port,
    'port.text': String(port),
    ...party('client', request.client),
    ...party('server', request.server),
    ...(path === undefined ? {} : { path }),
  };
  const { route = [], target } = fill(spec, { values, sets: filling.sets });
  return { route, target };
}

/** A workload's placeholders: `client.namespace` and so on. */
export function party(role: 'client' | 'server', { namespace, serviceAccount, app }: Party): Values {
  return { [`${role}.namespace`]: namespace, [`${role}.serviceAccount`]: serviceAccount, [`${role}.app`]: app };
}
