import { createHash } from 'node:crypto';
import type { Manifest } from '../../contract.ts';
import { numberOf } from '../json.ts';
import { amend, type Core, create, internally, now, stored } from '../objects/index.ts';

export interface EventText {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  component: string;
}

/** Records an Event about an object; the same one again is counted up. Events about what is going are dropped with it. */
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
      return true;
    });
    return;
  }
  const { apiVersion, kind, metadata } = about;
  create(
    core,
    events,
    namespace,
    {
      metadata: { name, namespace },
      involvedObject: {
        apiVersion,
        kind,
        name: metadata.name,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      },
      type: text.type,
      reason: text.reason,
      message: text.message,
      source: { component: text.component },
      reportingComponent: text.component,
      reportingInstance: '',
      firstTimestamp: now(),
      lastTimestamp: now(),
      count: 1,
    },
    internally,
  );
}
