export { authenticate } from './authenticate.ts';
export { type Attributes, authorize, isAllowed } from './authorize.ts';
export { createTokens, type Tokens } from './tokens.ts';
export type { User } from './user.ts';
