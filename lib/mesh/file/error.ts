/** A driver that cannot be used: not there, or malformed. The message is finished, one mistake per line. Wrong use: exit status 2. */
export class DriverError extends Error {
  override name = 'DriverError';
}
