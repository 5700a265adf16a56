const TRUST_DOMAIN = 'spiffe://cluster.local';

/** The identity of a workload: its ServiceAccount, namespace included. */
export function principalOf(namespace: string, serviceAccount: string): string {
  return `${TRUST_DOMAIN}/ns/${namespace}/sa/${serviceAccount}`;
}

/** The identity in a certificate's subject alternative names, as `node:tls` prints them; undefined where there is none. */
export function principalIn(subjectAltName: string | undefined): string | undefined {
  return subjectAltName
    ?.split(', ')
    .filter((name) => name.startsWith(`URI:${TRUST_DOMAIN}/`))
    .map((name) => name.slice('URI:'.length))[0];
}
