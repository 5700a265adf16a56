/** What Kubernetes fills in for a pod's spec, in pods and in templates. */
import { type Fields, fieldsOf, isFields, itemsOf, textOf } from '../json.ts';

export function setPodSpecDefaults(spec: Fields): void {
  spec['restartPolicy'] ??= 'Always';
  spec['terminationGracePeriodSeconds'] ??= 30;
  spec['dnsPolicy'] ??= 'ClusterFirst';
  spec['securityContext'] ??= {};
  spec['schedulerName'] ??= 'default-scheduler';
  const account = spec['serviceAccountName'] ?? spec['serviceAccount'];
  if (account !== undefined) {
    spec['serviceAccountName'] = account;
    spec['serviceAccount'] = account;
  }
  for (const container of [...itemsOf(spec['containers']), ...itemsOf(spec['initContainers'])])
    setContainerDefaults(container);
  for (const volume of itemsOf(spec['volumes'])) setVolumeDefaults(volume);
}

function setContainerDefaults(container: Fields): void {
  container['resources'] ??= {};
  container['terminationMessagePath'] ??= '/dev/termination-log';
  container['terminationMessagePolicy'] ??= 'File';
  container['imagePullPolicy'] ??= isLatest(textOf(container['image'])) ? 'Always' : 'IfNotPresent';
  for (const port of itemsOf(container['ports'])) port['protocol'] ??= 'TCP';
  for (const name of ['readinessProbe', 'livenessProbe', 'startupProbe']) {
    const probe = container[name];
    if (isFields(probe)) setProbeDefaults(probe);
  }
  for (const variable of itemsOf(container['env'])) {
    const field = fieldsOf(variable['valueFrom'])['fieldRef'];
    if (isFields(field)) field['apiVersion'] ??= 'v1';
  }
}

/** An image without a tag means `latest`, which is pulled each time. */
function isLatest(image: string): boolean {
  const name = image.slice(image.lastIndexOf('/') + 1);
  return !name.includes('@') && (!name.includes(':') || name.endsWith(':latest'));
}

function setProbeDefaults(probe: Fields): void {
  probe['timeoutSeconds'] ??= 1;
  probe['periodSeconds'] ??= 10;
  probe['successThreshold'] ??= 1;
  probe['failureThreshold'] ??= 3;
  const get = probe['httpGet'];
  if (isFields(get)) {
    get['path'] ??= '/';
    get['scheme'] ??= 'HTTP';
  }
}

function setVolumeDefaults(volume: Fields): void {
  for (const source of ['configMap', 'secret', 'projected', 'downwardAPI']) {
    const from = volume[source];
    if (isFields(from)) from['defaultMode'] ??= 0o644;
  }
  const sources = Object.keys(volume).filter((name) => name !== 'name');
  if (sources.length === 0) volume['emptyDir'] = {};
}
