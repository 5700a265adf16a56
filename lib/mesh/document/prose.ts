/** What `docs/drivers.md` says that does not follow from the schema. */
export const intro = `# Drivers: any mesh by one YAML file

<!-- Written by npm run docs from meshes/schema.json and lib/mesh/document; a unit test fails where they differ. -->

A driver says how to install a mesh, enrol a workload, switch the mesh's modes, let a client in, and collect
diagnostics. It is data: no code is written for a mesh. Drivers that come with the program lie in \`meshes/\`
(\`meshproof list --meshes\`); those in \`meshes/unverified/\` were written from documents and never tried.

## From nothing to a verdict

    meshproof driver init my-mesh.yaml --name my-mesh --container my-proxy    a commented file to start from
    meshproof driver check my-mesh.yaml                                       is it sound? runs nothing
    meshproof driver test my-mesh.yaml --keep                                  each part on a cluster, and what came of it
    meshproof run --mesh ./my-mesh.yaml                                       the claims

1. **\`driver init\`** asks on a terminal for the names that it needs, or takes them as flags. What it writes is sound, and
   right only where it was told; everything else is a proposal. Replace what this table names, and delete what your mesh
   does not have.

   | what you know of your mesh | where it goes |
   | --- | --- |
   | how it is installed and removed | \`install\`, \`uninstall\`: commands, or the objects themselves |
   | where its control plane runs | \`controlPlane\` |
   | what brings a workload into it | \`enrol\`: labels and annotations |
   | how a pod shows that it is in | \`dataPlane\` |
   | how "everybody may talk" is switched | \`modes.permissive\` |
   | how "workloads may call outside" is switched | \`modes.egress\` |
   | which objects let one client reach one server | \`policy.allow\` |
   | how long any of that may take to act | \`converges\` and \`settles\` |
   | what of [Features](#features) it does not promise, and why | \`features.exempt\` |
   | which images it runs | \`images\`, \`podImages\` |

2. **\`driver check\`** refuses a wrong file with line, column, field and what is allowed, and calls \`odd\` what is allowed
   but hardly meant. \`--rendered\` prints every step and object, filled in with samples. \`--against KUBECONFIG\` compares
   the objects with the custom resource definitions of a cluster that has the mesh; definitions that the driver's own
   \`install\` applies are compared in any case.

3. **\`driver test\`** does each part once, on kind, and says what came of it. A part that failed is explained, and the next
   is tried; mend the first one first. \`--keep\` leaves the cluster, and \`--reuse\` takes it again. \`--verbose\` prints every
   command. While it runs, \`reports/RUN/meshproof.log\` names the cluster's kubeconfig, for \`kubectl\`.

   | row | tries | mended in |
   | --- | --- | --- |
   | install | the steps, then whether the control plane's Deployments are there | \`install\`, \`controlPlane\` |
   | enrol | that pods of enrolled namespaces show it, and others do not | \`enrol\`, \`dataPlane\` |
   | permissive, egress | each switch, there and back, by requests | \`modes\` |
   | allow, forbid | that a policy lets one client in and nobody else, and that its deletion ends it | \`policy\` |
   | unmeshed client | that a client outside the mesh is refused | \`install\`, or the feature \`strict-mtls\` |
   | invalid permissive, invalid egress | that the API refuses what is no value | \`modes.MODE.invalid\` |
   | diagnostics | that each of them writes its file | \`diagnostics\` |
   | uninstall | that the control plane is gone afterwards | \`uninstall\` |

   How refusals look is printed in the words of \`signatures\`. The features \`install-modes\`, \`route-objects\` and
   \`half-close\` are not tried here: \`meshproof run --extended\` judges them.

4. **\`run\`** judges the claims. When every part does what it is for, and a run has shown it, set \`verified\` to the version
   and the day. Until then every list, run and report says that the driver is unverified.

The sandbox has images of its own only, so that a real mesh cannot run there: its driver is tried on kind, or, by
\`run --provider existing\`, on a cluster that has the mesh. For a first look at what a finished driver does, try the one of
the sandbox's mesh: \`meshproof driver test reference --provider sandbox\`.

Begin the file with \`# yaml-language-server: $schema=meshes/schema.json\`, with the right path to this project, and an
editor completes and checks it.

## What a driver meets

These workloads are made in every run, and what stands in \`enrol\` is merged into those of the mesh. On a cluster that is in
use, every namespace begins with \`meshproof-RUN-\`: so a driver never writes one of these names, but takes placeholders.

| namespace | workloads | in the mesh |
| --- | --- | --- |
| \`httpbin\` | the Service \`httpbin\`, HTTP on port 14001 | yes |
| \`tcp-demo\` | the Service \`tcp-echo\`, TCP on ports 9000 and 9001 | yes |
| \`curl\` | the clients \`curl\`, \`curl-2\` …, which policies name, and \`other client\`, which none does | yes |
| \`curl-elsewhere\` | the client \`same name client\`, whose ServiceAccount is called \`curl\` as well | yes |
| \`outside\` | the client \`unmeshed client\`, and the Services \`egress-target-httpbin\` and \`egress-target-tcp-echo\`, which egress is tried on | no |

Each workload has a ServiceAccount of its own, which is called like it but for \`same name client\`. Services and containers have the
same ports.`;

export const forms = `Of every field its form is told: a *text* that looks like a number or a truth stands in quotes (\`"1.20"\`, \`"true"\`); a
*name* is of lower-case letters, digits, \`-\` and \`.\`; a *duration* is a whole number of \`ms\`, \`s\` or \`m\`, such as
\`15s\`; *fields* are written as NAME: VALUE below it. What is not called required can be left out.`;

export const stepsIntro = `A step is exactly one of \`run\`, \`apply\`, \`patch\`, \`delete\` and \`wait\`. Steps are done in order; the first that fails
ends them. Only \`run\` and \`wait\` have a time limit: what the others send to the API is answered at once. A command is
printed before it runs, and gets the cluster as KUBECONFIG.

\`\`\`yaml
${[
  '- run: [mymeshctl, install, "{{sets}}"]',
  '  within: 3m',
  '- run: [mymeshctl, render]',
  '  pipe: [kubectl, apply, -f, "-"]',
  '  within: 1m',
  '- apply:',
  '    apiVersion: v1',
  '    kind: Namespace',
  '    metadata: { name: mymesh-system }',
  '- patch: { apiVersion: mymesh.example/v1, kind: Config, namespace: mymesh-system, name: config }',
  '  merge: { spec: { open: true } }',
  '- delete: { apiVersion: v1, kind: Namespace, name: mymesh-system }',
  '- wait: { available: { namespace: mymesh-system, name: mymesh-controller } }',
  '  within: 60s',
].join('\n')}
\`\`\``;

export const featuresIntro = `A driver says of each one that the mesh has it, or why not. A claim that needs one which is not supported is reported as
unsupported, with that reason.`;

export const placeholderIntro = `A text may hold \`{{name}}\`, and where a value can be missing \`{{name|default}}\`; in quotes, since braces mean
something to YAML. A text that is one placeholder and nothing else takes the value's own type: \`'{{port}}'\` is a number,
\`'{{port.text}}'\` a text.

Kubernetes objects, and what is merged into them, are read as \`kubectl\` reads them: \`0400\` is an octal number, and \`yes\`,
\`on\` and \`y\` are true. What \`driver check\` cannot read in this way, it refuses by its line. All other fields of a driver
are YAML 1.2.

Wherever there are placeholders at all, there are also two kinds that the user fills:

- \`{{set.KEY|default}}\` is what the user gave the installer by \`--set KEY=VALUE\`. KEY is whatever the installer calls it,
  dots included: \`{{set.image.tag|v2}}\`. It always has a default.
- \`{{var.NAME}}\` is one of the driver's own \`variables\`.`;
