import { stringify } from 'yaml';
import { type Colours, coloursFor } from '../console/colours.ts';
import { exitStatus } from '../console/exit-status.ts';
import { print } from '../console/output.ts';
import { connect, type Manifest } from '../kube/index.ts';
import { type Driver, driverTitle, driverTools, inspectDriver, renderedDriver } from '../mesh/index.ts';
import { UsageError } from '../words/index.ts';

export interface CheckOptions {
  /** `KEY=VALUE` for the placeholders. */
  sets: readonly string[];
  /** Print every step and object, filled in. */
  rendered: boolean;
  /** Kubeconfig of a cluster whose custom resource definitions the drivers' objects are compared with. */
  against?: string;
}

/**
 * Prints whether drivers are sound, what is odd about them, and what they need. Runs nothing. Asks a cluster only for
 * its definitions, and only if one is named.
 *
 * @param names of the program's own drivers, or files
 * @returns the exit status
 * @throws UsageError after the last driver, about all malformed ones
 */
export async function checkCommand(names: readonly string[], options: CheckOptions): Promise<number> {
  const colours = coloursFor(process.stdout);
  const definitions = options.against === undefined ? undefined : await definitionsOf(options.against);
  const cluster = definitions === undefined ? undefined : { definitions, sets: options.sets };
  const complaints: string[] = [];
  for (const name of names) {
    try {
      const { driver, remarks } = await inspectDriver(name, cluster);
      print(describeDriver(driver, remarks, colours));
      if (options.rendered) print(`${stringify(renderedDriver(driver, options.sets))}\n`);
    } catch (error) {
      // Check the other drivers too.
      if (!(error instanceof UsageError)) throw error;
      complaints.push(error.message);
    }
  }
  if (complaints.length > 0) throw new UsageError(complaints.join('\n'));
  return exitStatus.fine;
}

async function definitionsOf(kubeconfig: string): Promise<Manifest[]> {
  const cluster = connect(kubeconfig);
  try {
    return await cluster.list({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' });
  } finally {
    cluster.close();
  }
}

function describeDriver(driver: Driver, remarks: readonly string[], colours: Colours): string {
  const { spec, file } = driver;
  const tools = driverTools(driver);
  const variables = Object.entries(spec.variables ?? {});
  const lines = [
    `${colours.green('sound')}  ${file}: ${driverTitle(driver)}`,
    `       supports ${spec.features.supported.join(', ') || 'nothing'}`,
    ...Object.entries(spec.features.unsupported ?? {}).map(([feature, reason]) => `       not ${feature}: ${reason}`),
    `       needs ${tools.join(', ') || 'no programs'} on this machine`,
    ...variables.map(([name, { default: value, description }]) => `       --set ${name}=${value}  ${description}`),
    ...remarks.map((remark) => `${colours.yellow('odd')}    ${remark}`),
  ];
  return `${lines.join('\n')}\n`;
}
