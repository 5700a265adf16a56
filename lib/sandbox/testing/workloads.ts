/** For tests: the images that the sandbox knows, as Kubernetes objects. */
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
  return { name: 'curl', image: 'curlimages/curl:8.17.0', command: IDLE, ...extra };
}

export function httpbin(): object {
  return {
    name: 'httpbin',
    image: 'mccutchen/go-httpbin:v2.15.0',
    command: ['/bin/go-httpbin', '-port', '14001'],
    ports: [{ containerPort: 14001 }],
    readinessProbe: { httpGet: { path: '/status/200', port: 14001 } },
  };
}

export function tcpEcho(): object {
  return {
    name: 'tcp-echo',
    image: 'istio/tcp-echo-server:1.3',
    args: ['9000,9001', 'echo response:'],
    ports: [{ containerPort: 9000 }, { containerPort: 9001 }],
    readinessProbe: { tcpSocket: { port: 9001 } },
  };
}
