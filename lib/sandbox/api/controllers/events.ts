import { createHash } from 'node:crypto';
import type { EventText, Manifest } from '../../contract.ts';
import { numberOf } from '../json.ts';
import { type Core, internally, now, stored } from '../objects/core.ts';
import { create } from '../objects/create.ts';
import { amend } from '../objects/update.ts';

/** Records an Event about an object. Counts up one that repeats. Does nothing in a namespace that is being deleted. */
export function recordEvent(core: Core, about: Manifest, text: EventText): void {
  const events = core.registry.builtin('events');
  const namespace = about.metadata.namespace ?? 'default';
  const digest = createHash('sha256')
    .update(JSON.stringify([about.metadata.uid, text]))
    .digest('hex')
    .slice(0, 16);
  const name = `${about.metadata.name}.${digest}`;
  const home = stored(core, core.registry.builtin('namespaces'), '', namespace);
  if (home === undefined || home.metadata.deletionTimestamp !== undefined) return;
  if (stored(core, events, namespace, name) !== undefined) {
    amend(core, events, { namespace, name }, (event) => {
      event['count'] = numberOf(event['count']) + 1;
      event['lastTimestamp'] = now();
    });
    return;
  }
  const { apiVersion, kind, metadata } = about;
  const { component, ...fields } = text;
  const involvedObject = {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    uid: metadata.uid,
  };
  create(
    core,
    events,
    namespace,
    {
      metadata: { name },
      involvedObject,
      ...fields,
      source: { component },
      reportingComponent: component,
      firstTimestamp: now(),
      lastTimestamp: now(),
      count: 1,
    },
    internally,
  );
}
