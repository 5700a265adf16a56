import { setFlagsFromString } from 'node:v8';
import AllureEnvironment from 'allure-jest/node';

// The process's heap, not the claims' alone: as the program's own is kept, and as late, for the reasons given there.
setFlagsFromString('--semi-space-growth-factor=1');

/**
 * Is told where to write by a variable and not by jest's configuration: that goes into the key of jest's cache of transformed
 * files, and with a folder in it that each run has of its own, each run would transform all files anew.
 */
export default class RunEnvironment extends AllureEnvironment {
  constructor({ projectConfig, ...config }, context) {
    const testEnvironmentOptions = {
      ...projectConfig.testEnvironmentOptions,
      resultsDir: process.env.MESHPROOF_ALLURE_RESULTS,
    };
    super({ ...config, projectConfig: { ...projectConfig, testEnvironmentOptions } }, context);
  }
}
