/** What every layer needs for its messages: errors, suggestions, texts without secrets, and visible text from outside. */

export { EnvironmentError, expectedError, MeshproofError, UsageError, type Whose } from './errors.ts';
export { printable, printableJson } from './printable.ts';
export {
  keepBasicCredentials,
  keepSecret,
  keepSecretsOf,
  redact,
  redactValue,
  SHORTEST_SECRET,
  withoutKnownSecrets,
} from './redact.ts';
export { didYouMean, suggestedSlip, suggestion } from './suggestion.ts';
export { toolRemedy } from './tool-remedy.ts';
