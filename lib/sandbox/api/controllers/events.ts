import { createHash } from 'node:crypto';
import type { EventText, Manifest } from '../../contract.ts';
import { numberOf } from '../json.ts';
import { type Core, timeText } from '../objects/core.ts';
import { amend, create } from '../objects/write.ts';

/** Records an Event about an object. Counts up one that repeats. Does nothing in a namespace that is being deleted. */
export function recordEvent(core: Core, about: Manifest, { component, ...text }: EventText): void {
  const { apiVersion, kind, metadata } = about;
  const { namespace = 'default', uid } = metadata;
  const home = core.store.get('namespaces', '', namespace);
  if (home === undefined || home.metadata.deletionTimestamp !== undefined) return;
  const digest = createHash('sha256')
    .update(JSON.stringify([uid, text]))
    .digest('hex')
    .slice(0, 16);
  const name = `${metadata.name}.${digest}`;
  if (core.store.get('events', namespace, name) !== undefined) {
    amend(core, 'events', { namespace, name }, (event) => {
      event['count'] = numberOf(event['count']) + 1;
      event['lastTimestamp'] = timeText();
    });
    return;
  }
  create(core, core.registry.builtin('events'), namespace, {
    metadata: { name },
    involvedObject: { apiVersion, kind, name: metadata.name, namespace: metadata.namespace ?? null, uid },
    ...text,
    source: { component },
    reportingComponent: component,
    firstTimestamp: timeText(),
    lastTimestamp: timeText(),
    count: 1,
  });
}
