/**
 * Writes protobuf.json: how the kinds that kubectl creates are encoded, from the field tags of Kubernetes' own Go types.
 * Use: `npx tsx lib/sandbox/api/schema/extract-protobuf.ts API APIMACHINERY`, the folders of the Go modules k8s.io/api and
 * k8s.io/apimachinery.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [api, machinery] = process.argv.slice(2);
if (api === undefined || machinery === undefined)
  throw new Error('name the folders of k8s.io/api and k8s.io/apimachinery');

const files: Record<string, string> = {
  core: join(api, 'core/v1/types.go'),
  apps: join(api, 'apps/v1/types.go'),
  rbac: join(api, 'rbac/v1/types.go'),
  authorization: join(api, 'authorization/v1/types.go'),
  authentication: join(api, 'authentication/v1/types.go'),
  meta: join(machinery, 'pkg/apis/meta/v1/types.go'),
};
/** What the files call each other's packages. */
const aliases: Record<string, string> = {
  metav1: 'meta',
  v1: 'core',
  corev1: 'core',
  intstr: 'intstr',
  resource: 'resource',
};

const roots = [
  'core.Namespace',
  'core.Pod',
  'core.Service',
  'core.ServiceAccount',
  'core.ConfigMap',
  'core.Secret',
  'core.Event',
  'apps.Deployment',
  'rbac.Role',
  'rbac.RoleBinding',
  'rbac.ClusterRole',
  'rbac.ClusterRoleBinding',
  'authorization.SelfSubjectAccessReview',
  'authentication.SelfSubjectReview',
  'authentication.TokenRequest',
  'meta.DeleteOptions',
];

const structs = new Map<string, string>();
const named = new Map<string, string>();
for (const [pack, file] of Object.entries(files)) {
  const source = readFileSync(file, 'utf8');
  for (const [, name, body] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm))
    structs.set(`${pack}.${name}`, body ?? '');
  for (const [, name, type] of source.matchAll(/^type (\w+) ((?:map|\[\]|string|int|bool)\S*)/gm))
    named.set(`${pack}.${name}`, type ?? '');
}

const field = /^\s+(?:\w+ +)?([\w.*[\]]+) +`json:"([^"]*)"[^`]*protobuf:"(\w+),(\d+),/gm;
const messages: Record<string, Record<string, string[]>> = {};

function add(message: string): void {
  const body = structs.get(message);
  if (body === undefined || message in messages) return;
  const pack = message.split('.')[0] ?? '';
  const fields: Record<string, string[]> = {};
  messages[message] = fields;
  for (const [, type = '', json = '', , number = ''] of body.matchAll(field)) {
    const [name = ''] = json.split(',');
    fields[number] = [json.includes(',inline') ? '' : name, resolve(type, pack)];
  }
}

/** `*` before what may be absent, `[]` before lists, `{}` before maps; then a scalar or a message. */
function resolve(type: string, pack: string): string {
  if (type.startsWith('*')) return `*${resolve(type.slice(1), pack)}`;
  if (type === '[]byte') return 'bytes';
  if (type.startsWith('[]')) return `[]${resolve(type.slice(2), pack)}`;
  const map = /^map\[[\w.]+\](.+)$/.exec(type)?.[1];
  if (map !== undefined) return `{}${resolve(map, pack)}`;
  if (/^(string|bool|int32|int64|int)$/.test(type)) return type;
  const [first = '', second] = type.split('.');
  const full = second === undefined ? `${pack}.${first}` : `${aliases[first] ?? first}.${second}`;
  const other = named.get(full);
  if (other !== undefined) return resolve(other, full.split('.')[0] ?? '');
  if (full === 'types.UID' || full === 'types.NodeName') return 'string';
  add(full);
  return full;
}

for (const root of roots) add(root);
writeFileSync(new URL('./protobuf.json', import.meta.url), `${JSON.stringify(messages)}\n`);
