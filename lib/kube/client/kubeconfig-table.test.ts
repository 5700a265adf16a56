import { createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { connect } from './connect.ts';
import { clusterFields, contextFields, execFields, userFields } from './kubeconfig.ts';
import { type Identity, newAuthority } from './testing/pki.ts';
import { type RecordingApi, recordingApi, type Seen } from './testing/recording-api.ts';

/** What the rows are made of. */
interface Lab {
  api: RecordingApi;
  folder: string;
  ca: Identity;
  /** Issued by an authority below `ca`, whose certificate follows its own. */
  client: Identity;
  intermediate: Identity;
}

interface Row {
  /** The field that the row is about, as `user.token`; `env.X` for a variable. */
  field: string;
  title: string;
  /** Besides the server and its authority; `undefined` takes one of these away. */
  cluster?: (lab: Lab) => Record<string, unknown>;
  user?: (lab: Lab) => Record<string, unknown>;
  context?: Record<string, unknown>;
  /** Files beside the kubeconfig. */
  files?: (lab: Lab) => Record<string, string>;
  env?: (lab: Lab) => Record<string, string>;
  /** What comes to the server; a pattern of the message where the field is refused. */
  expect: ((lab: Lab) => { [Name in keyof Seen]?: Seen[Name] | undefined }) | RegExp;
  /** Where kubectl is not to be compared: why. */
  notAsKubectl?: string;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const prints = (status: object, version = 'v1') =>
  `#!/bin/sh\necho '${JSON.stringify({ kind: 'ExecCredential', apiVersion: `client.authentication.k8s.io/${version}`, status })}'\n`;
const exec = (rest: object = {}) => ({
  exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', interactiveMode: 'Never', ...rest },
});
/** A plugin whose token is what it was given. */
const echo = (what: string) =>
  `#!/bin/sh\nprintf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}' "$(${what})"\n`;
const infoAsToken = echo('printf %s "$KUBERNETES_EXEC_INFO" | base64 | tr -d "\\n"');
const token = { token: 'abc' };
const bearer = { authorization: 'Bearer abc' };
const rawPath = "kubectl's --raw takes the path of the server's URL away, which its other commands do not";
const prompts = 'kubectl asks for a user name where there are no credentials';

const rows: Row[] = [
  // Cluster.
  {
    field: 'cluster.server',
    title: 'a path before every request',
    cluster: ({ api }) => ({ server: `${api.https}/a/b/` }),
    expect: () => ({ path: '/a/b/x', ...bearer }),
    notAsKubectl: rawPath,
  },
  {
    field: 'cluster.server',
    title: 'an IPv6 address',
    cluster: ({ api }) => ({ server: api.httpsIPv6 }),
    expect: () => bearer,
  },
  {
    field: 'cluster.server',
    title: 'plain HTTP, where no credentials are sent',
    cluster: ({ api }) => ({ server: api.http, 'certificate-authority-data': undefined }),
    expect: () => ({ authorization: undefined }),
  },
  {
    field: 'cluster.server',
    title: 'no scheme, which means plain HTTP',
    cluster: ({ api }) => ({ server: api.http.slice('http://'.length), 'certificate-authority-data': undefined }),
    expect: () => ({ path: '/x', authorization: undefined }),
  },
  {
    field: 'cluster.server',
    title: 'a password in the URL',
    cluster: ({ api }) => ({ server: api.https.replace('//', '//me:se%40cret@') }),
    user: () => ({}),
    expect: () => ({ authorization: `Basic ${base64('me:se@cret')}` }),
    notAsKubectl: prompts,
  },
  {
    field: 'cluster.server',
    title: 'a query and a fragment, which are dropped',
    cluster: ({ api }) => ({ server: `${api.https}/a?b=c#d` }),
    expect: () => ({ path: '/a/x' }),
    notAsKubectl: rawPath,
  },
  {
    field: 'cluster.server',
    title: 'missing',
    cluster: () => ({ server: undefined }),
    expect: /cluster 'c', field server is missing/,
  },
  {
    field: 'cluster.server',
    title: 'another scheme',
    cluster: () => ({ server: 'ftp://127.0.0.1' }),
    expect: /field server is no http or https URL: ftp/,
  },
  {
    field: 'cluster.tls-server-name',
    title: 'a name',
    cluster: () => ({ 'tls-server-name': 'api.example.test' }),
    expect: () => ({ servername: 'api.example.test' }),
  },
  {
    field: 'cluster.tls-server-name',
    title: 'an address',
    cluster: () => ({ 'tls-server-name': '127.0.0.1' }),
    expect: () => ({ servername: undefined }),
  },
  {
    field: 'cluster.tls-server-name',
    title: 'a name that the certificate is not for',
    cluster: () => ({ 'tls-server-name': 'other.test' }),
    expect: /other\.test/,
  },
  {
    field: 'cluster.tls-server-name',
    title: 'an address that the certificate is not for',
    cluster: () => ({ 'tls-server-name': '127.0.0.9' }),
    expect: /127\.0\.0\.9/,
  },
  {
    field: 'cluster.insecure-skip-tls-verify',
    title: 'true',
    cluster: () => ({ 'insecure-skip-tls-verify': true, 'certificate-authority-data': undefined }),
    expect: () => bearer,
  },
  {
    field: 'cluster.insecure-skip-tls-verify',
    title: 'yes, which is true in YAML 1.1',
    cluster: () => ({ 'insecure-skip-tls-verify': 'PLAIN yes', 'certificate-authority-data': undefined }),
    expect: () => bearer,
  },
  {
    field: 'cluster.insecure-skip-tls-verify',
    title: 'a text',
    cluster: () => ({ 'insecure-skip-tls-verify': 'true' }),
    expect: /field insecure-skip-tls-verify is text, not true or false/,
  },
  {
    field: 'cluster.insecure-skip-tls-verify',
    title: 'beside an authority',
    cluster: () => ({ 'insecure-skip-tls-verify': true }),
    expect: /insecure-skip-tls-verify and certificate-authority-data exclude each other/,
  },
  {
    field: 'cluster.certificate-authority',
    title: 'a file beside the kubeconfig',
    cluster: () => ({ 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' }),
    files: ({ ca }) => ({ 'ca.crt': ca.cert }),
    expect: () => bearer,
  },
  {
    field: 'cluster.certificate-authority',
    title: 'a file that does not exist',
    cluster: () => ({ 'certificate-authority-data': undefined, 'certificate-authority': 'none.crt' }),
    expect: /field certificate-authority: cannot read .*none\.crt/,
  },
  {
    field: 'cluster.certificate-authority',
    title: 'beside data',
    cluster: () => ({ 'certificate-authority': 'ca.crt' }),
    files: ({ ca }) => ({ 'ca.crt': ca.cert }),
    expect: /certificate-authority and certificate-authority-data exclude each other/,
  },
  {
    field: 'cluster.certificate-authority',
    title: 'absent: those of the machine',
    cluster: () => ({ 'certificate-authority-data': undefined }),
    env: ({ folder }) => ({ SSL_CERT_FILE: path.join(folder, 'roots.pem') }),
    files: ({ ca }) => ({ 'roots.pem': ca.cert }),
    expect: () => bearer,
  },
  {
    field: 'cluster.certificate-authority',
    title: 'absent, and unknown to the machine',
    cluster: () => ({ 'certificate-authority-data': undefined }),
    expect: /self-signed certificate|unable to (verify|get)/,
  },
  { field: 'cluster.certificate-authority-data', title: 'the authority that issued it', expect: () => bearer },
  {
    field: 'cluster.certificate-authority-data',
    title: 'an authority below another one, which is not there',
    cluster: ({ api, intermediate }) => ({
      server: api.httpsBelow,
      'certificate-authority-data': base64(intermediate.cert),
    }),
    expect: () => bearer,
  },
  {
    field: 'cluster.certificate-authority-data',
    title: 'another authority',
    cluster: ({ client }) => ({ 'certificate-authority-data': base64(client.cert) }),
    expect: /self-signed certificate|unable to (verify|get)/,
  },
  {
    field: 'cluster.certificate-authority-data',
    title: 'text without a certificate',
    cluster: () => ({ 'certificate-authority-data': base64('none') }),
    expect: /field certificate-authority-data holds no certificate/,
  },
  {
    field: 'cluster.certificate-authority-data',
    title: 'no base64',
    cluster: () => ({ 'certificate-authority-data': '-----BEGIN' }),
    expect: /field certificate-authority-data is not base64/,
  },
  {
    field: 'cluster.proxy-url',
    title: 'http',
    cluster: ({ api }) => ({ 'proxy-url': api.proxies.http }),
    expect: () => ({ by: 'http proxy tunnel 127.0.0.1', ...bearer }),
  },
  {
    field: 'cluster.proxy-url',
    title: 'http, with a password',
    cluster: ({ api }) => ({ 'proxy-url': api.proxies.http.replace('//', '//me:p%40ss@') }),
    expect: () => ({ by: 'http proxy tunnel 127.0.0.1 me:p@ss' }),
  },
  {
    field: 'cluster.proxy-url',
    title: 'http, before a server of plain HTTP',
    cluster: ({ api }) => ({
      server: api.http,
      'certificate-authority-data': undefined,
      'proxy-url': api.proxies.http.replace('//', '//me:p%40ss@'),
    }),
    expect: () => ({ path: '/x', by: 'http proxy me:p@ss' }),
  },
  {
    field: 'cluster.proxy-url',
    title: 'https',
    cluster: ({ api }) => ({ 'proxy-url': api.proxies.https }),
    expect: () => ({ by: 'https proxy tunnel 127.0.0.1', ...bearer }),
  },
  {
    field: 'cluster.proxy-url',
    title: 'socks5',
    cluster: ({ api }) => ({ 'proxy-url': api.proxies.socks5 }),
    expect: () => ({ by: 'socks5 proxy 127.0.0.1', ...bearer }),
  },
  {
    field: 'cluster.proxy-url',
    title: 'socks5, which resolves the name, with a password',
    cluster: ({ api }) => ({
      server: 'https://api.example.test',
      'proxy-url': api.proxies.socks5.replace('//', '//me:p%40ss@'),
    }),
    expect: () => ({ by: 'socks5 proxy api.example.test me:p@ss' }),
  },
  {
    field: 'cluster.proxy-url',
    title: 'another scheme',
    cluster: () => ({ 'proxy-url': 'socks5h://127.0.0.1:1' }),
    expect: /field proxy-url is no URL of a proxy/,
  },
  {
    field: 'cluster.proxy-url',
    title: 'no scheme',
    cluster: () => ({ 'proxy-url': '127.0.0.1:1' }),
    expect: /field proxy-url is no URL of a proxy/,
  },
  {
    field: 'cluster.proxy-url',
    title: 'before those of the environment, and whatever NO_PROXY says',
    cluster: ({ api }) => ({ 'proxy-url': api.proxies.http }),
    env: ({ api }) => ({ HTTPS_PROXY: api.proxies.socks5, NO_PROXY: '*' }),
    expect: () => ({ by: 'http proxy tunnel 127.0.0.1' }),
  },
  {
    field: 'cluster.disable-compression',
    title: 'true',
    cluster: () => ({ 'disable-compression': true }),
    expect: () => bearer,
  },
  {
    field: 'cluster.extensions',
    title: 'of somebody else',
    cluster: () => ({ extensions: [{ name: 'x', extension: { a: 1 } }] }),
    expect: () => bearer,
  },
  // The environment.
  {
    field: 'env.HTTPS_PROXY',
    title: 'for https',
    cluster: () => ({ server: 'https://api.example.test' }),
    env: ({ api }) => ({ HTTPS_PROXY: api.proxies.http, HTTP_PROXY: api.proxies.socks5 }),
    expect: () => ({ by: 'http proxy tunnel api.example.test', servername: 'api.example.test', ...bearer }),
  },
  {
    field: 'env.https_proxy',
    title: 'in small letters, without a scheme',
    cluster: () => ({ server: 'https://api.example.test' }),
    env: ({ api }) => ({ https_proxy: api.proxies.http.slice('http://'.length) }),
    expect: () => ({ by: 'http proxy tunnel api.example.test' }),
  },
  {
    field: 'env.HTTPS_PROXY',
    title: 'before the one in small letters',
    cluster: () => ({ server: 'https://api.example.test' }),
    env: ({ api }) => ({ HTTPS_PROXY: api.proxies.http, https_proxy: api.proxies.socks5 }),
    expect: () => ({ by: 'http proxy tunnel api.example.test' }),
  },
  {
    field: 'env.HTTPS_PROXY',
    title: 'socks5',
    cluster: () => ({ server: 'https://api.example.test' }),
    env: ({ api }) => ({ HTTPS_PROXY: api.proxies.socks5 }),
    expect: () => ({ by: 'socks5 proxy api.example.test' }),
  },
  {
    field: 'env.HTTPS_PROXY',
    title: 'not for loopback addresses',
    env: () => ({ HTTPS_PROXY: 'http://127.0.0.1:1' }),
    expect: () => ({ by: undefined, ...bearer }),
  },
  {
    field: 'env.HTTP_PROXY',
    title: 'for http',
    cluster: () => ({ server: 'http://api.example.test', 'certificate-authority-data': undefined }),
    env: ({ api }) => ({ HTTP_PROXY: api.proxies.http, HTTPS_PROXY: 'http://127.0.0.1:1' }),
    expect: () => ({ path: '/x', by: 'http proxy' }),
  },
  {
    field: 'env.NO_PROXY',
    title: 'of others',
    cluster: () => ({ server: 'https://api.example.test' }),
    env: ({ api }) => ({ HTTPS_PROXY: api.proxies.http, NO_PROXY: 'example.com,.api.example.test,10.0.0.0/8' }),
    expect: () => ({ by: 'http proxy tunnel api.example.test' }),
  },
  // User.
  { field: 'user.token', title: 'in words', expect: () => bearer },
  {
    field: 'user.token',
    title: 'that YAML takes for a number',
    user: () => ({ token: 'PLAIN 0123' }),
    expect: /user 'u', field token is a number, not text/,
  },
  {
    field: 'user.token',
    title: 'with a line break',
    user: () => ({ token: 'abc\n' }),
    expect: /user 'u', field token has a line break/,
  },
  {
    field: 'user.token',
    title: 'beside a password',
    user: () => ({ ...token, username: 'me' }),
    expect: /token and username exclude each other/,
  },
  {
    field: 'user.tokenFile',
    title: 'beside the kubeconfig',
    user: () => ({ tokenFile: 'token' }),
    files: () => ({ token: 'of-file\n' }),
    expect: () => ({ authorization: 'Bearer of-file' }),
  },
  {
    field: 'user.tokenFile',
    title: 'before a token',
    user: () => ({ tokenFile: 'token', ...token }),
    files: () => ({ token: 'of-file\n' }),
    expect: () => ({ authorization: 'Bearer of-file' }),
  },
  {
    field: 'user.tokenFile',
    title: 'that cannot be read, beside a token',
    user: () => ({ tokenFile: 'none', ...token }),
    expect: () => bearer,
  },
  {
    field: 'user.tokenFile',
    title: 'that does not exist',
    user: () => ({ tokenFile: 'none' }),
    expect: /field tokenFile: .*none cannot be read/,
  },
  {
    field: 'user.tokenFile',
    title: 'that is empty',
    user: () => ({ tokenFile: 'empty' }),
    files: () => ({ empty: '\n' }),
    expect: /field tokenFile: .*empty is empty/,
  },
  {
    field: 'user.username',
    title: 'with a password',
    user: () => ({ username: 'me', password: 'sé:cret' }),
    expect: () => ({ authorization: `Basic ${base64('me:sé:cret')}` }),
  },
  {
    field: 'user.password',
    title: 'is empty',
    user: () => ({ username: 'me' }),
    expect: () => ({ authorization: `Basic ${base64('me:')}` }),
  },
  {
    field: 'user.client-certificate',
    title: 'and its key, beside the kubeconfig',
    user: () => ({ 'client-certificate': 'me.crt', 'client-key': 'me.key' }),
    files: ({ client }) => ({ 'me.crt': client.cert, 'me.key': client.key }),
    expect: () => ({ certificate: 'me', authorization: undefined }),
  },
  {
    field: 'user.client-certificate',
    title: 'without a key',
    user: () => ({ 'client-certificate': 'me.crt' }),
    files: ({ client }) => ({ 'me.crt': client.cert }),
    expect: /field client-key is missing/,
  },
  {
    field: 'user.client-certificate-data',
    title: 'with those that issued it',
    user: ({ client, intermediate }) => ({
      'client-certificate-data': base64(client.cert + intermediate.cert),
      'client-key-data': base64(client.key),
    }),
    expect: () => ({ certificate: 'me < intermediate < authority' }),
  },
  {
    field: 'user.client-certificate-data',
    title: 'with a key in a file',
    user: ({ client }) => ({ 'client-certificate-data': base64(client.cert), 'client-key': 'me.key' }),
    files: ({ client }) => ({ 'me.key': client.key }),
    expect: () => ({ certificate: 'me' }),
  },
  {
    field: 'user.client-certificate-data',
    title: 'beside a token',
    user: ({ client }) => ({
      ...token,
      'client-certificate-data': base64(client.cert),
      'client-key-data': base64(client.key),
    }),
    expect: () => ({ certificate: 'me', ...bearer }),
  },
  {
    field: 'user.client-key',
    title: 'without a certificate, which has no effect',
    user: () => ({ ...token, 'client-key': 'none' }),
    expect: () => bearer,
  },
  {
    field: 'user.client-key',
    title: 'that does not exist',
    user: ({ client }) => ({ 'client-certificate-data': base64(client.cert), 'client-key': 'none.key' }),
    expect: /field client-key: cannot read .*none\.key/,
  },
  {
    field: 'user.client-key-data',
    title: 'of another certificate',
    user: ({ client, ca }) => ({ 'client-certificate-data': base64(client.cert), 'client-key-data': base64(ca.key) }),
    expect: /field client-key-data: client-certificate and client-key cannot be used/,
  },
  {
    field: 'user.client-key-data',
    title: 'protected by a password',
    user: ({ client }) => ({
      'client-certificate-data': base64(client.cert),
      'client-key-data': base64(locked(client.key)),
    }),
    expect: /field client-key-data: the key is protected by a password/,
  },
  {
    field: 'user.as',
    title: 'with uid, groups and more',
    user: () => ({
      ...token,
      as: 'jané',
      'as-uid': '1',
      'as-groups': ['a', 'b'],
      'as-user-extra': { 'acme.com/x%y': ['1', '2'] },
    }),
    expect: () => ({ ...bearer }),
  },
  {
    field: 'user.as',
    title: 'alone',
    user: () => ({ ...token, as: 'jane' }),
    expect: () => ({ impersonation: ['impersonate-user: jane'] }),
  },
  {
    field: 'user.as',
    title: 'by plain HTTP, where it is sent',
    cluster: ({ api }) => ({ server: api.http, 'certificate-authority-data': undefined }),
    user: () => ({ ...token, as: 'jane' }),
    expect: () => ({ impersonation: ['impersonate-user: jane'], authorization: undefined }),
  },
  {
    field: 'user.as-uid',
    title: 'without as',
    user: () => ({ ...token, 'as-uid': '1' }),
    expect: /field as-uid is there without 'as'/,
  },
  {
    field: 'user.as-groups',
    title: 'without as',
    user: () => ({ ...token, 'as-groups': ['a'] }),
    expect: /field as-groups is there without 'as'/,
  },
  {
    field: 'user.as-groups',
    title: 'a text',
    user: () => ({ ...token, as: 'jane', 'as-groups': 'a' }),
    expect: /field as-groups is text, not a list of texts/,
  },
  {
    field: 'user.as-user-extra',
    title: 'without as',
    user: () => ({ ...token, 'as-user-extra': { a: ['b'] } }),
    expect: /field as-user-extra is there without 'as'/,
  },
  {
    field: 'user.auth-provider',
    title: 'that kubectl has removed',
    user: () => ({ 'auth-provider': { name: 'gcp' } }),
    expect: /field auth-provider is 'gcp': kubectl has removed it/,
  },
  {
    field: 'user.auth-provider',
    title: 'of an unknown name',
    user: () => ({ 'auth-provider': { name: 'mine' } }),
    expect: /field auth-provider is 'mine': kubectl knows none/,
  },
  {
    field: 'user.auth-provider',
    title: 'oidc, with a token that is good',
    user: () => ({ 'auth-provider': { name: 'oidc', config: oidc(goodToken) } }),
    expect: () => ({ authorization: `Bearer ${goodToken}` }),
  },
  {
    field: 'user.auth-provider',
    title: 'oidc, with a token that has expired',
    user: () => ({ 'auth-provider': { name: 'oidc', config: oidc('a.eyJleHAiOjF9.b') } }),
    expect: /field auth-provider: its id-token has expired/,
  },
  {
    field: 'user.extensions',
    title: 'of somebody else',
    user: () => ({ ...token, extensions: [{ name: 'x', extension: 1 }] }),
    expect: () => bearer,
  },
  {
    field: 'user.exec',
    title: 'with a token',
    user: () => exec(),
    files: () => ({ plugin: prints({ token: 'p' }) }),
    expect: () => ({ authorization: 'Bearer p' }),
  },
  {
    field: 'user.exec',
    title: 'with a certificate',
    user: () => exec(),
    files: ({ client }) => ({
      plugin: prints({ clientCertificateData: client.cert, clientKeyData: client.key }).replaceAll('\\n', '\\\\n'),
    }),
    expect: () => ({ certificate: 'me', authorization: undefined }),
  },
  {
    field: 'user.exec',
    title: 'beside a token, which counts',
    user: () => ({ ...token, ...exec({ command: './none' }) }),
    expect: () => bearer,
  },
  {
    field: 'user.exec',
    title: 'beside an auth-provider',
    user: () => ({ ...exec(), 'auth-provider': { name: 'oidc' } }),
    expect: /exec and auth-provider exclude each other/,
  },
  {
    field: 'user.exec',
    title: 'that fails',
    user: () => exec(),
    files: () => ({ plugin: '#!/bin/sh\necho no luck >&2\nexit 7\n' }),
    expect: /field exec: the plugin .*plugin failed with exit status 7; it wrote: no luck/,
  },
  {
    field: 'user.exec',
    title: 'whose interpreter is missing',
    user: () => exec(),
    files: () => ({ plugin: '#!/none/sh\n' }),
    expect: /what its first line names does not exist/,
  },
  {
    field: 'user.exec',
    title: 'that may not be run',
    user: () => exec({ command: './data' }),
    files: () => ({ data: '' }),
    expect: /field exec: the plugin .*data cannot be started/,
  },
  {
    field: 'user.exec',
    title: 'that prints something else',
    user: () => exec(),
    files: () => ({ plugin: '#!/bin/sh\necho hello\n' }),
    expect: /printed no ExecCredential/,
  },
  {
    field: 'user.exec',
    title: 'that prints neither token nor certificate',
    user: () => exec(),
    files: () => ({ plugin: prints({}) }),
    expect: /printed neither a token nor a certificate/,
  },
  {
    field: 'user.exec',
    title: 'that prints a certificate without a key',
    user: () => exec(),
    files: () => ({ plugin: prints({ clientCertificateData: 'x' }) }),
    expect: /printed only one of certificate and key/,
  },
  {
    field: 'exec.command',
    title: 'missing',
    user: () => exec({ command: '' }),
    expect: /field exec\.command is missing/,
  },
  {
    field: 'exec.command',
    title: 'found by PATH',
    user: () => exec({ command: 'sh', args: ['-c', prints({ token: 'p' }).split('\n')[1]] }),
    expect: () => ({ authorization: 'Bearer p' }),
  },
  {
    field: 'exec.args',
    title: 'are passed on',
    user: () => exec({ args: ['one', 'yes'] }),
    files: () => ({ plugin: echo('printf "%s" "$*" | base64') }),
    expect: () => ({ authorization: `Bearer ${base64('one yes')}` }),
  },
  {
    field: 'exec.args',
    title: 'one that is no text',
    user: () => exec({ args: ['PLAIN yes'] }),
    expect: /field exec\.args is a list, not a list of texts/,
  },
  {
    field: 'exec.env',
    title: 'is added',
    user: () => exec({ env: [{ name: 'MINE', value: 'yes' }] }),
    files: () => ({ plugin: echo('printf "%s" "$MINE$HOME" | base64') }),
    env: () => ({ HOME: '/h' }),
    expect: () => ({ authorization: `Bearer ${base64('yes/h')}` }),
  },
  {
    field: 'exec.env',
    title: 'without a name',
    user: () => exec({ env: [{ value: 'x' }] }),
    expect: /field exec\.env is a list, not a list in which each entry has a name/,
  },
  {
    field: 'exec.apiVersion',
    title: 'v1beta1',
    user: () => exec({ apiVersion: 'client.authentication.k8s.io/v1beta1', interactiveMode: undefined }),
    files: () => ({ plugin: prints({ token: 'p' }, 'v1beta1') }),
    expect: () => ({ authorization: 'Bearer p' }),
  },
  {
    field: 'exec.apiVersion',
    title: 'v1alpha1',
    user: () => exec({ apiVersion: 'client.authentication.k8s.io/v1alpha1' }),
    expect: /field exec\.apiVersion is client\.authentication\.k8s\.io\/v1alpha1, which kubectl does not support/,
  },
  {
    field: 'exec.apiVersion',
    title: 'missing',
    user: () => exec({ apiVersion: undefined }),
    expect: /field exec\.apiVersion is missing/,
  },
  {
    field: 'exec.apiVersion',
    title: 'another one than the plugin prints',
    user: () => exec(),
    files: () => ({ plugin: prints({ token: 'p' }, 'v1beta1') }),
    expect: /printed an ExecCredential of client\.authentication\.k8s\.io\/v1beta1, not/,
  },
  {
    field: 'exec.installHint',
    title: 'is shown where the plugin is missing',
    user: () => exec({ command: './none', installHint: 'get it \u001b[1mhere' }),
    expect: /field exec: the plugin .*none does not exist/,
  },
  {
    field: 'exec.provideClusterInfo',
    title: 'tells the cluster, and the configuration in its extension',
    cluster: () => ({
      'tls-server-name': 'api.example.test',
      'disable-compression': true,
      extensions: [
        {
          name: 'client.authentication.k8s.io/exec',
          extension: { audience: 'x', large: 'PLAIN 12345678901234567890' },
        },
      ],
    }),
    user: () => exec({ provideClusterInfo: true }),
    files: () => ({ plugin: infoAsToken }),
    expect: ({ api, ca }) =>
      info({
        cluster: {
          server: api.https,
          'tls-server-name': 'api.example.test',
          'certificate-authority-data': base64(ca.cert),
          'disable-compression': true,
          config: { audience: 'x', large: 12345678901234567000 },
        },
        interactive: false,
      }),
  },
  {
    field: 'exec.provideClusterInfo',
    title: 'tells the authority of a file, and the proxy',
    cluster: ({ api }) => ({
      'certificate-authority-data': undefined,
      'certificate-authority': 'ca.crt',
      'proxy-url': api.proxies.http,
    }),
    user: () => exec({ provideClusterInfo: true }),
    files: ({ ca }) => ({ plugin: infoAsToken, 'ca.crt': ca.cert }),
    expect: ({ api, ca }) =>
      info({
        cluster: {
          server: api.https,
          'certificate-authority-data': base64(ca.cert),
          'proxy-url': api.proxies.http,
          config: null,
        },
        interactive: false,
      }),
  },
  {
    field: 'exec.provideClusterInfo',
    title: 'false',
    user: () => exec(),
    files: () => ({ plugin: infoAsToken }),
    expect: () => info({ interactive: false }),
  },
  {
    field: 'exec.interactiveMode',
    title: 'Always, without a terminal',
    user: () => exec({ interactiveMode: 'Always' }),
    expect: /needs a terminal \(interactiveMode Always\)/,
  },
  {
    field: 'exec.interactiveMode',
    title: 'IfAvailable, without a terminal',
    user: () => exec({ interactiveMode: 'IfAvailable' }),
    files: () => ({ plugin: infoAsToken }),
    expect: () => info({ interactive: false }),
  },
  {
    field: 'exec.interactiveMode',
    title: 'missing',
    user: () => exec({ interactiveMode: undefined }),
    expect: /field exec\.interactiveMode is missing/,
  },
  {
    field: 'exec.interactiveMode',
    title: 'another one',
    user: () => exec({ interactiveMode: 'Sometimes' }),
    expect: /field exec\.interactiveMode is Sometimes/,
  },
  // Context.
  {
    field: 'context.cluster',
    title: 'one that does not exist',
    context: { cluster: 'none' },
    expect: /context 'x' names the cluster 'none', which does not exist/,
    notAsKubectl: 'kubectl takes localhost:8080 instead',
  },
  {
    field: 'context.cluster',
    title: 'missing',
    context: { cluster: undefined },
    expect: /context 'x' names no cluster/,
    notAsKubectl: 'kubectl takes localhost:8080 instead',
  },
  {
    field: 'context.user',
    title: 'one that does not exist',
    context: { user: 'none' },
    expect: /context 'x' names the user 'none', which does not exist/,
  },
  {
    field: 'context.user',
    title: 'missing, which is anonymous',
    context: { user: undefined },
    expect: () => ({ authorization: undefined }),
    notAsKubectl: prompts,
  },
  {
    field: 'context.namespace',
    title: 'any',
    context: { namespace: 'other' },
    expect: () => ({ path: '/x', ...bearer }),
  },
  {
    field: 'context.extensions',
    title: 'of somebody else',
    context: { extensions: [{ name: 'x', extension: {} }] },
    expect: () => bearer,
  },
];

function oidc(idToken: string) {
  return { 'idp-issuer-url': 'https://127.0.0.1:1', 'client-id': 'x', 'id-token': idToken };
}
const goodToken = `a.${Buffer.from(JSON.stringify({ exp: 4_000_000_000 })).toString('base64url')}.b`;

/** The token that `infoAsToken` makes. */
function info(spec: object): Partial<Seen> {
  return {
    authorization: `ExecCredential ${JSON.stringify(sorted({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', spec }))}`,
  };
}
function decoded(seen: Seen): Seen {
  const [, base = ''] = /^Bearer (eyJr.*)$/.exec(seen.authorization ?? '') ?? [];
  if (base === '') return seen;
  return {
    ...seen,
    authorization: `ExecCredential ${JSON.stringify(sorted(JSON.parse(Buffer.from(base, 'base64').toString())))}`,
  };
}
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([name, each]) => [name, sorted(each)]),
  );
}

function locked(key: string): string {
  const protection = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  return createPrivateKey(key).export(protection).toString();
}

let lab: Lab;
const untouched = { ...process.env };
const proxyVariables = [
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'NO_PROXY',
  'no_proxy',
  'SSL_CERT_FILE',
];

beforeAll(async () => {
  const ca = await newAuthority();
  const names = [
    { type: 'dns' as const, value: 'api.example.test' },
    { type: 'ip' as const, value: '127.0.0.1' },
    { type: 'ip' as const, value: '::1' },
  ];
  const intermediate = await ca.issue('intermediate', { isAuthority: true });
  const client = await intermediate.issue('me');
  const folder = await mkdtemp(path.join(tmpdir(), 'meshproof-kubeconfig-'));
  const api = await recordingApi(
    await ca.issue('server', { names }),
    await intermediate.issue('server', { names }),
    ca,
  );
  lab = { api, folder, ca, client, intermediate };
  for (const name of proxyVariables) delete process.env[name];
});
afterAll(async () => {
  lab.api.close();
  process.env = untouched;
  await rm(lab.folder, { recursive: true });
});

/** Writes the row's kubeconfig. @returns its path */
async function written({ cluster, user, context, files }: Row): Promise<string> {
  for (const [name, content] of Object.entries(files?.(lab) ?? {})) {
    const file = path.join(lab.folder, name);
    await writeFile(file, content);
    if (name === 'plugin') await chmod(file, 0o755);
  }
  const config = {
    clusters: [
      {
        name: 'c',
        cluster: { server: lab.api.https, 'certificate-authority-data': base64(lab.ca.cert), ...cluster?.(lab) },
      },
    ],
    users: [{ name: 'u', user: user?.(lab) ?? token }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...context } }],
    'current-context': 'x',
  };
  const file = path.join(lab.folder, 'config');
  const quoted = stringify(config, { version: '1.1', defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' });
  await writeFile(file, quoted.replace(/"PLAIN ([^"]*)"/g, '$1'));
  return file;
}

async function withEnv<T>(row: Row, run: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  Object.assign(process.env, row.env?.(lab));
  try {
    return await run();
  } finally {
    for (const name of Object.keys(row.env?.(lab) ?? {})) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

/** What this client sends, or says instead. */
async function ours(row: Row): Promise<Seen | Error> {
  const file = await written(row);
  return await withEnv(row, async () => {
    lab.api.seen();
    try {
      const cluster = connect(file);
      try {
        await cluster.raw('/x');
      } finally {
        cluster.close();
      }
    } catch (thrown) {
      expect(lab.api.seen()).toEqual([]);
      return thrown as Error;
    }
    const [seen, ...more] = lab.api.seen();
    expect(more).toEqual([]);
    return decoded(seen as Seen);
  });
}

const nothing = { authorization: undefined, by: undefined, servername: undefined };
const title = ({ field, title: rest }: Row) => `${field}: ${rest}`;

describe('every field of a kubeconfig has its effect, or is refused by name', () => {
  test.each(rows.map((row) => [title(row), row] as const))('%s', async (_, row) => {
    const seen = await ours(row);
    if (row.expect instanceof RegExp) {
      expect(seen).toMatchObject({ name: 'ClusterError', message: expect.stringMatching(row.expect) });
    } else {
      expect({ ...nothing, ...seen }).toMatchObject(row.expect(lab));
    }
  });

  test('there is a row for every field', () => {
    const fields = { cluster: clusterFields, user: userFields, context: contextFields, exec: execFields };
    const all = Object.entries(fields).flatMap(([kind, table]) => Object.keys(table).map((name) => `${kind}.${name}`));
    expect(all.filter((field) => !rows.some((row) => row.field === field))).toEqual([]);
  });

  test('every header of an impersonation is sent', async () => {
    const row = rows.find(({ title: each }) => each === 'with uid, groups and more');
    expect(await ours(row as Row)).toMatchObject({
      impersonation: [
        'impersonate-extra-acme.com%2fx%25y: 1',
        'impersonate-extra-acme.com%2fx%25y: 2',
        'impersonate-group: a',
        'impersonate-group: b',
        'impersonate-uid: 1',
        expect.stringMatching(/^impersonate-user: jan/),
      ],
    });
  });

  test('an install hint is part of the remedy, without control characters', async () => {
    const row = rows.find(({ field }) => field === 'exec.installHint');
    expect(await ours(row as Row)).toMatchObject({ remedy: expect.stringMatching(/\nget it U\+001B\[1mhere$/) });
  });
});

const kubectl = ['/usr/local/bin', '/usr/bin', ...(process.env['PATH'] ?? '').split(':')]
  .map((folder) => path.join(folder, 'kubectl'))
  .find((file) => existsSync(file));

/** What kubectl sends, or undefined where it refuses. */
async function theirs(row: Row): Promise<Seen | undefined> {
  const file = await written(row);
  lab.api.seen();
  const env = { PATH: process.env['PATH'], HOME: lab.folder, ...row.env?.(lab) };
  const args = ['--kubeconfig', file, 'get', '--raw', '/x'];
  const result = await execa(kubectl ?? '', args, {
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: 15_000,
  });
  const [seen] = lab.api.seen();
  expect({ reason: result.stderr, ok: result.exitCode === 0 }).toMatchObject({ ok: seen !== undefined });
  return seen && decoded(seen);
}

const describeWithKubectl = kubectl === undefined ? describe.skip : describe;
describeWithKubectl('kubectl sends the same, and refuses the same (skipped where kubectl is not installed)', () => {
  const compared = rows.filter(({ notAsKubectl }) => notAsKubectl === undefined);
  test.each(compared.map((row) => [title(row), row] as const))('%s', async (_, row) => {
    const [seen, wanted] = [await ours(row), await theirs(row)];
    if (wanted === undefined) expect(seen).toBeInstanceOf(Error);
    else expect(seen).toEqual(wanted);
  });
});
