import { setFlagsFromString } from 'node:v8';
import AllureEnvironment from 'allure-jest/node';

// For the whole process, as bin/meshproof.js does, and for its reasons.
setFlagsFromString('--semi-space-growth-factor=1');

/** Allure's environment. A result that cannot be written fails no claim: the runner judges, and writes it after the run. */
export default class RunEnvironment extends AllureEnvironment {
  constructor(config, context) {
    super(config, context);
    const handle = this.handleTestEvent;
    this.handleTestEvent = async (event, state) => {
      try {
        await handle(event, state);
      } catch (error) {
        process.stderr.write(`Allure: ${error.message}\n`);
      }
    };
  }
}
