/** What each placeholder stands for, and what it is in a run: for people who write drivers. */
export const placeholderWords: Record<string, { meaning: string; example: string }> = {
  name: {
    meaning:
      'a name for the objects of this one permission, another one for every client, server and port. Route and target may both bear it, since they are of different kinds; two objects of one kind in the same namespace need more, such as `{{name}}-2`',
    example: 'curl-to-tcp-echo-9000',
  },
  port: { meaning: 'the port that the client calls; the Service’s and the container’s are the same', example: '9000' },
  'port.text': { meaning: 'the same as a text, for APIs that want one', example: '"9000"' },
  path: { meaning: 'a regular expression for the path that is allowed; absent where every path is', example: '/get' },
  'client.namespace': { meaning: 'the client’s namespace', example: 'curl' },
  'client.serviceAccount': {
    meaning: 'the client’s ServiceAccount: with its namespace, the identity that a policy has to name',
    example: 'curl',
  },
  'client.app': {
    meaning:
      'the client’s Deployment and its label `app`. Two clients can have one ServiceAccount name and different labels: name the label only where the mesh knows nothing better',
    example: 'curl',
  },
  'server.namespace': { meaning: 'the server’s namespace', example: 'tcp-demo' },
  'server.serviceAccount': { meaning: 'the server’s ServiceAccount', example: 'tcp-echo' },
  'server.app': { meaning: 'the server’s Deployment, its label `app` and its Service', example: 'tcp-echo' },
  'cluster.domain': {
    meaning: 'the domain that the names of the cluster’s Services end in',
    example: 'cluster.local',
  },
  kubeconfig: {
    meaning: 'the path of the cluster’s kubeconfig; a command has it in KUBECONFIG anyway',
    example: '~/.local/state/meshproof/runs/c2gmz3/kubeconfig',
  },
  'modes.permissive': {
    meaning: 'how permissive mode is to be set by the installation; the mode’s `words`, where it has some',
    example: 'true',
  },
  'modes.egress': { meaning: 'the same of egress', example: 'true' },
  'pod.namespace': { meaning: 'the namespace of the pod that diagnostics are collected from', example: 'curl' },
  'pod.name': { meaning: 'its name', example: 'curl-5-dd666fd8b-f99nq' },
};
