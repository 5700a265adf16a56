/**
 * The sandbox's processes trust its own authorities alone. Told so by this flag and this environment, Node does not read the
 * public ones, nor the machine's, at the first use of TLS, which would take each process longer than to start.
 */
export const OPENSSL_AUTHORITIES = '--use-openssl-ca';
export const NO_AUTHORITIES = { SSL_CERT_FILE: '/dev/null', SSL_CERT_DIR: '/dev/null' };
