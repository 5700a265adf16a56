/** What every layer needs when it tells people something: the nearest right word, and texts without secrets. */
export { didYouMean, editDistance, nearest, nearestSlip } from './nearest.ts';
export {
  hasKnownSecrets,
  isSecretName,
  keepSecret,
  keepSecretsOf,
  redact,
  redactValue,
  SHORTEST_SECRET,
  withoutKnownSecrets,
} from './redact.ts';
