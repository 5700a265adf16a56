export { cacheFolder, keptFolder, sourcesIn } from './kept.js';
