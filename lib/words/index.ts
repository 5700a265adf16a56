/** What every layer needs to tell people of a word that is wrong. */
export { didYouMean, editDistance, nearest, nearestSlip } from './nearest.ts';
