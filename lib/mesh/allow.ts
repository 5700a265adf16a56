import type { AllowSpec } from './driver.ts';
import type { AllowObjects, AllowRequest, Party } from './mesh.ts';
import { fill, type Values } from './template.ts';

/** The objects that let the request's client reach its server. */
export function allowObjects(spec: AllowSpec, request: AllowRequest, sets: readonly string[]): AllowObjects {
  const { name, port, path } = request;
  const values: Values = {
    name,
    port,
    ...party('client', request.client),
    ...party('server', request.server),
    ...(path === undefined ? {} : { path }),
  };
  const { route = [], target } = fill(spec, { values, sets });
  return { route, target };
}

function party(role: string, { namespace, serviceAccount, app }: Party): Values {
  return { [`${role}.namespace`]: namespace, [`${role}.serviceAccount`]: serviceAccount, [`${role}.app`]: app };
}
