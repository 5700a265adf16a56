import { fieldDescription } from '../mesh/index.ts';
import type { Answers } from './answers.ts';

/** Characters of a comment's line. */
const width = 110;

/**
 * A driver file that is sound, and says at each field what it is for, in the schema's own words. What it says about the
 * mesh is right only where `answers` tells; the rest has to be replaced.
 */
export function driverSkeleton(answers: Answers): string {
  return template(answers)
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', path] = /^( *)#\? (.+)$/.exec(line) ?? [];
      return path === undefined ? [line] : wrap(fieldDescription(path), `${indent}# `);
    })
    .join('\n');
}

function wrap(text: string, prefix: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && prefix.length + line.length + 1 + word.length > width) {
      lines.push(prefix + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, prefix + line];
}

function template({ name, project, version, namespace, deployment, container, label }: Answers): string {
  const [key = '', value = ''] = label.split(/=(.*)/s);
  return `# A driver for ${project}. Everything here is a proposal: set it right, delete what your mesh does not have, then
#   meshproof driver check FILE    says whether it is sound; runs nothing
#   meshproof driver test FILE      does each part on a cluster, and says what came of it
# docs/drivers.md has all fields, all placeholders, and the workloads that a driver meets.
apiVersion: meshproof/v1alpha1
kind: MeshDriver

#? name
name: ${name}

#? implementation
implementation:
  project: ${quoted(project)}
  version: ${quoted(version)}

#? verified
verified: false

#? features
features:
  #? features.supported
  supported:
    - permissive
    - egress
    - tcp-policy
    - http-policy
${container === '' ? '' : '    - sidecar\n'}  #? features.exempt
  exempt:
${container === '' ? '    sidecar: nothing in a pod shows that the mesh has taken it in\n' : ''}    switch-validation: not looked into yet; say why the API takes any value, or list some that it refuses
    install-modes: not looked into yet; say why the modes cannot be set at installation
    route-objects: not looked into yet; say that one object holds both who may and what
    strict-mtls: not looked into yet; say why clients outside of the mesh are let in
    half-close: not looked into yet; say what becomes of a connection whose client has ended its input

#? variables
variables:
  chart:
    default: ${name}/${name}
    description: chart of the control plane, from a repository that Helm knows, or an archive

#? controlPlane
controlPlane:
  namespace: ${namespace}
  deployments: [${deployment}]
${
  container === ''
    ? ''
    : `
#? dataPlane
dataPlane: { container: ${container} }
`
}
#? images
images:
  - "{{set.image.registry|${name}}}/${deployment}:{{set.image.tag|${version}}}"
${
  container === ''
    ? ''
    : `
#? podImages
podImages:
  - "{{set.image.registry|${name}}}/${container}:{{set.image.tag|${version}}}"
`
}
#? install
# Steps of another kind: apply with an object, patch with merge, delete, run with pipe.
install:
  - run:
      [helm, upgrade, --install, ${name}, "{{var.chart}}", --namespace=${namespace}, --create-namespace, "{{sets}}"]
    within: 5m
  - wait: { available: { namespace: ${namespace}, name: ${deployment} } }
    within: 2m

#? uninstall
uninstall:
  - run: [helm, uninstall, ${name}, --namespace=${namespace}, --ignore-not-found, --wait]
    within: 2m
  - delete: &namespace { apiVersion: v1, kind: Namespace, name: ${namespace} }
  - wait: { gone: *namespace }
    within: 2m

#? enrol
enrol:
  namespace:
    labels: { ${quoted(key)}: ${quoted(value)} }

#? external
external: [service, address]

#? modes
modes:
  #? modes.permissive
  permissive:
    #? modes.permissive.effect
    effect: hot
    #? modes.permissive.setting
    setting:
      object: &config { apiVersion: ${name}.example/v1, kind: Config, namespace: ${namespace}, name: config }
      path: [spec, permissive]
    on:
      - patch: *config
        merge: { spec: { permissive: true } }
    off:
      - patch: *config
        merge: { spec: { permissive: false } }
    #? modes.permissive.invalid
    # invalid:
    #   - patch: *config
    #     merge: { spec: { permissive: "sometimes" } }
    #? modes.permissive.converges
    converges: 15s
    #? modes.permissive.settles
    settles: 15s
  #? modes.egress
  egress:
    effect: hot
    setting: { object: *config, path: [spec, egress] }
    on:
      - patch: *config
        merge: { spec: { egress: true } }
    off:
      - patch: *config
        merge: { spec: { egress: false } }
    #? modes.egress.invalid
    # invalid:
    #   - patch: *config
    #     merge: { spec: { egress: "maybe" } }
    converges: 15s
    settles: 15s

#? policy
policy:
  converges: 15s
  settles: 15s
  #? policy.allow
  # {{name}} differs for every client, server and port; the client's identity is its namespace and its ServiceAccount.
  allow:
    #? policy.allow.tcp
    tcp:
      #? policy.allow.tcp.route
      # route:
      #   - apiVersion: ${name}.example/v1
      #     kind: Route
      #     metadata: { name: "{{name}}", namespace: "{{server.namespace}}" }
      #     spec: { port: "{{port}}" }
      #? policy.allow.tcp.target
      target:
        - apiVersion: ${name}.example/v1
          kind: Allow
          metadata: { name: "{{name}}", namespace: "{{server.namespace}}" }
          spec:
            server: "{{server.serviceAccount}}"
            client: "{{client.namespace}}/{{client.serviceAccount}}"
            port: "{{port}}"
    #? policy.allow.http
    http:
      target:
        - apiVersion: ${name}.example/v1
          kind: Allow
          metadata: { name: "{{name}}", namespace: "{{server.namespace}}" }
          spec:
            server: "{{server.serviceAccount}}"
            client: "{{client.namespace}}/{{client.serviceAccount}}"
            port: "{{port}}"
            path: "{{path|.*}}"

#? signatures
signatures:
  http: [curl 52, curl 56, HTTP 403]
  tcp: ["nc 0, silent", "nc 1, silent"]
  egress: [curl 52, curl 56, "nc 0, silent", "nc 1, silent"]

#? diagnostics
diagnostics:
  mesh:
    - { file: allows.yaml, objects: { apiVersion: ${name}.example/v1, kind: Allow } }
`;
}

/** As a YAML text, whatever is in it: JSON is YAML. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
