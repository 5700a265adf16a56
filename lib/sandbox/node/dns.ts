import { createSocket } from 'node:dgram';
import { AUTHORITATIVE_ANSWER, decode, encode, RECURSION_AVAILABLE, RECURSION_DESIRED } from 'dns-packet';
import type { Manifest, ObjectView } from '../contract.ts';
import { DNS_ADDRESS } from './network.ts';
import { podAddress, readyPods, serviceSpec } from './services.ts';

const TTL_SECONDS = 5;
const NO_SUCH_NAME = 3;

/** Answers name lookups over UDP, but those that `isLost`. @returns a function that ends it */
export function serveDns(
  view: ObjectView,
  domain: string,
  complain: (message: string) => void,
  isLost: () => boolean = () => false,
): () => void {
  const socket = createSocket('udp4');
  socket.on('message', (message, client) => {
    const answer = answerTo(message, (name) => lookUp(name, domain, view));
    if (answer !== undefined && !isLost()) socket.send(answer, client.port, client.address);
  });
  socket.on('error', (error) => complain(`dns: ${error.message}`));
  socket.bind(53, DNS_ADDRESS);
  return () => socket.close();
}

/** The answer to a DNS message. Undefined for a message that is damaged or is not a query with one question. */
export function answerTo(message: Buffer, addressesOf: (name: string) => string[] | undefined): Buffer | undefined {
  const query = readQuery(message);
  const [question, ...others] = query?.questions ?? [];
  if (query?.type !== 'query' || question === undefined || others.length > 0) return undefined;
  const addresses = addressesOf(question.name.toLowerCase());
  const flags = AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | ((query.flags ?? 0) & RECURSION_DESIRED);
  return encode({
    type: 'response',
    id: query.id ?? 0,
    flags: addresses === undefined ? flags | NO_SUCH_NAME : flags,
    questions: [question],
    // All addresses are IPv4. A question for another type gets no answers, which is no error.
    answers: (question.type === 'A' ? (addresses ?? []) : []).map((data) => ({
      type: 'A',
      name: question.name,
      ttl: TTL_SECONDS,
      data,
    })),
  });
}

function readQuery(message: Buffer): ReturnType<typeof decode> | undefined {
  try {
    return decode(message);
  } catch {
    // Any program in a pod can send a damaged message. The library throws errors of several kinds for it.
    return undefined;
  }
}

/**
 * The addresses behind a name: of a Service, or of the ready pods of a headless Service. Undefined if there is no such name.
 *
 * @param domain - the cluster's
 */
export function lookUp(name: string, domain: string, view: ObjectView): string[] | undefined {
  const [, subject = '', namespace = '', rest] = /^([^.]+)\.([^.]+)\.svc\.(.+)$/.exec(name) ?? [];
  const service = view.get({ apiVersion: 'v1', kind: 'Service', name: subject, namespace });
  if (rest !== domain || service === undefined) return undefined;
  const { clusterIP } = serviceSpec(service);
  if (clusterIP !== undefined && clusterIP !== 'None') return [clusterIP];
  return readyPods(service, view).map((pod) => podAddress(pod) ?? '');
}

/** The objects of the name server: users can look at it, scale it and stop it like any workload. */
export function nameServer(): Manifest[] {
  const labels = { 'k8s-app': 'kube-dns' };
  const metadata = (name: string): Manifest['metadata'] => ({ name, namespace: 'kube-system', labels });
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata('kube-dns'),
      spec: { clusterIP: DNS_ADDRESS, selector: labels, ports: [{ name: 'dns', port: 53, protocol: 'UDP' }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata('coredns'),
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'coredns', image: 'coredns/coredns:v1.12.0' }] },
        },
      },
    },
  ];
}
