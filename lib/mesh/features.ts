/** What a mesh can promise. A driver declares each as supported, or exempt with the reason; claims name the ones they need. */
export const features = {
  permissive: 'permissive mode can be switched, and does what it says',
  egress: 'egress can be switched, and does what it says',
  'switch-validation': 'the API refuses a value for a switch that is none',
  'install-modes': 'permissive and egress can be set at installation',
  'tcp-policy': 'a policy opens one TCP port to one identity',
  'http-policy': 'a policy opens HTTP to one identity',
  'route-objects': 'policies consist of routes and targets, and act only while both exist',
  sidecar: 'enrolment shows in each pod, by the proxy container or the mark that it gets',
  'strict-mtls': 'a client outside the mesh is refused by servers in it',
  'half-close': 'the end of the client input is relayed without ending the connection',
} as const;

export type Feature = keyof typeof features;
