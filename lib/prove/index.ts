export { CellRegistry, type Origin } from './cell-registry.ts';
export { type CellPlan, type CellRun, planCells, runCells } from './cells.ts';
export { readRun } from './evidence.ts';
export { kindTitles, matrixOf } from './matrix.ts';
export { cellLine, matrixPage, matrixText } from './print.ts';
