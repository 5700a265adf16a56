export { allureConfig, writeAllureResults } from './allure.ts';
export { openConsole } from './console.ts';
export { evidenceProblems, exitStatus } from './exit.ts';
export { summarise } from './summary.ts';
export { timelineText } from './timeline.ts';
export { summaryJson, writeReports } from './write.ts';
