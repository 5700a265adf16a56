import { setFlagsFromString } from 'node:v8';

/**
 * The sandbox's processes trust the sandbox's own authorities only. With this flag and this environment, Node reads no other
 * authorities at the first use of TLS, which takes longer than to start a process.
 */
export const OPENSSL_AUTHORITIES = '--use-openssl-ca';
export const NO_AUTHORITIES = { SSL_CERT_FILE: '/dev/null', SSL_CERT_DIR: '/dev/null' };

/**
 * Keeps the heap of this process small, because a dozen such processes run side by side. Call it after everything is loaded.
 * Flags on the command line would keep V8 from using Node's cache of its own modules, which is made without flags.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--optimize-for-size');
}
