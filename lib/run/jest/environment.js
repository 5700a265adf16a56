import { setFlagsFromString } from 'node:v8';
import AllureEnvironment from 'allure-jest/node';

// The process's heap, not the claims' alone: as the program's own is kept, and as late, for the reasons given there.
setFlagsFromString('--semi-space-growth-factor=1');

/**
 * Is told by a variable where to write. A result that cannot be written is no claim's failure: the runner judges, writes
 * the missing ones after the run, and tells what it cannot write.
 */
export default class RunEnvironment extends AllureEnvironment {
  constructor({ projectConfig, ...config }, context) {
    const testEnvironmentOptions = {
      ...projectConfig.testEnvironmentOptions,
      resultsDir: process.env.MESHPROOF_ALLURE_RESULTS,
    };
    super({ ...config, projectConfig: { ...projectConfig, testEnvironmentOptions } }, context);
    const report = (error) => process.stderr.write(`Allure: ${error.message}\n`);
    const handle = this.handleTestEvent;
    this.handleTestEvent = async (event, state) => {
      try {
        await handle(event, state);
      } catch (error) {
        report(error);
      }
    };
  }
}
