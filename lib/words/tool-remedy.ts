/** Where to get commands: those of drivers, kind, and container engines. */
const sources: Record<string, string> = {
  cilium: 'https://github.com/cilium/cilium-cli/releases',
  'consul-k8s': 'https://developer.hashicorp.com/consul/docs/reference-cli/consul-k8s',
  docker: 'https://docs.docker.com/engine/install',
  finch: 'https://github.com/runfinch/finch/releases',
  fsm: 'https://github.com/flomesh-io/fsm/releases/tag/{version}',
  helm: 'https://helm.sh/docs/intro/install',
  hubble: 'https://github.com/cilium/hubble/releases',
  istioctl: 'https://github.com/istio/istio/releases/tag/{version}',
  kind: 'https://kind.sigs.k8s.io/docs/user/quick-start/#installation',
  kubectl: 'https://kubernetes.io/docs/tasks/tools',
  kumactl: 'https://github.com/kumahq/kuma/releases',
  linkerd: 'https://github.com/linkerd/linkerd2/releases',
  nerdctl: 'https://github.com/containerd/nerdctl/releases',
  'nerdctl.lima': 'https://lima-vm.io/docs/installation',
  osm: 'https://github.com/openservicemesh/osm/releases/tag/{version}',
  podman: 'https://podman.io/docs/installation',
};

/**
 * What to do if a command is missing.
 *
 * @param version of the mesh, if that decides which one to use
 */
export function toolRemedy(tool: string, version?: string): string {
  const source = sources[tool];
  if (source === undefined) return `install ${tool}, and put it on the PATH`;
  // Without a version: the page of all releases.
  const page = version === undefined ? source.replace('/tag/{version}', '') : source.replace('{version}', version);
  const which = source.includes('{version}') && version !== undefined ? ` ${version}` : '';
  return `install ${tool}${which} (${page}), and put it on the PATH`;
}
