/** What every layer needs to tell people of a word that is wrong. */
export { didYouMean, editDistance, nearest } from './nearest.ts';
