import { setFlagsFromString } from 'node:v8';
import AllureEnvironment from 'allure-jest/node';

// For the whole process, as bin/meshproof.js does, and for its reasons.
setFlagsFromString('--semi-space-growth-factor=1');

/**
 * Allure's environment, with the results' folder from a variable. A result that cannot be written fails no claim: the runner
 * judges, writes the missing results after the run, and reports what it cannot write.
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
