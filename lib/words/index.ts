/** What every layer needs when it tells people something: the nearest right word, texts without secrets, and text from outside made visible. */

export { EnvironmentError, expectedError, MeshproofError, UsageError, type Whose } from './errors.ts';
export { isPrintableLine, printable, printableJson } from './printable.ts';
export {
  isSecretName,
  keepBasicCredentials,
  keepSecret,
  keepSecretsOf,
  redact,
  redactValue,
  SHORTEST_SECRET,
  withoutKnownSecrets,
} from './redact.ts';
export { didYouMean, editDistance, nearestSlip, suggestion } from './suggestion.ts';
export { toolRemedy } from './tool-remedy.ts';
