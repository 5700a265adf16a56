import { FIXTURE_IMAGES, SERVERS } from '../../fixtures/table.ts';

/** For tests: the images that the sandbox knows, as Kubernetes objects. */
const httpPort = SERVERS.httpbin.port;
const { port, otherPort } = SERVERS['tcp-echo'];
const IDLE = ['sh', '-c', 'trap "exit 0" TERM; sleep 2147483647 & wait'];

interface PodOptions {
  serviceAccountName?: string;
  volumes?: object[];
  initContainers?: object[];
}

export function namespace(name: string, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...metadata } };
}

/** A pod with the label `app`, its ServiceAccount of the same name. */
export function pod(namespaceName: string, app: string, containers: object[], options: PodOptions = {}): object[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: namespaceName, name: app } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: namespaceName, name: app, labels: { app } },
      spec: { serviceAccountName: app, terminationGracePeriodSeconds: 1, containers, ...options },
    },
  ];
}

export function service(namespaceName: string, app: string, appProtocol: string, ports: number[]): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: namespaceName, name: app },
    spec: { selector: { app }, ports: ports.map((port) => ({ name: `${appProtocol}-${port}`, port, appProtocol })) },
  };
}

export function curl(extra: object = {}): object {
  return { name: 'curl', image: FIXTURE_IMAGES.curl, command: IDLE, ...extra };
}

export function httpbin(): object {
  return {
    name: 'httpbin',
    image: FIXTURE_IMAGES.httpbin,
    command: ['/bin/go-httpbin', '-port', String(httpPort)],
    ports: [{ containerPort: httpPort }],
    readinessProbe: { exec: { command: ['curl', '-sf', `http://127.0.0.1:${httpPort}/status/200`] } },
  };
}

export function tcpEcho(): object {
  return {
    name: 'tcp-echo',
    image: FIXTURE_IMAGES['tcp-echo'],
    args: [`${port},${otherPort}`, 'echo response:'],
    ports: [{ containerPort: port }, { containerPort: otherPort }],
    readinessProbe: { exec: { command: ['sh', '-c', `echo | nc -w 1 127.0.0.1 ${otherPort} | grep -q echo`] } },
  };
}
