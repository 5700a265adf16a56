import type { RouteResult } from '../evidence/index.ts';
import { longest, sum } from './claims.ts';
import type { Of } from './kinds.ts';
import type { Paint } from './paint.ts';
import { count, indent, printable, seconds } from './text.ts';
import { meshName } from './warnings.ts';

/** Characters for the name of a phase. */
export const phaseColumn = 13;

/** The first lines of a run: what is tested, where, and why these two. */
export function runLines({ version, runId, seed, choice, rerun }: Of<'run'>, paint: Paint): string[] {
  const head = paint.bold(`meshproof ${printable(version)}`);
  const run = paint.dim(`run ${printable(runId)}, seed ${printable(seed)}`);
  if (choice === undefined) return [head, run, ''];
  const continued = rerun === undefined ? [] : rerunLines(rerun, paint);
  const fault = choice.sandboxFault === undefined ? '' : ` with the fault ${choice.sandboxFault}`;
  const place = choice.sandbox ? 'in the SANDBOX, which says nothing about a real mesh' : `on ${choice.provider}`;
  const where = `${place}${fault}`;
  const driver = choice.verified === false ? ', by an UNVERIFIED driver,' : '';
  return [
    `${head}  ${printable(`${meshName(choice.mesh)}${driver} ${where}`)} ${paint.dim(`(${printable(choice.why)})`)}`,
    run,
    ...continued,
    '',
  ];
}

function rerunLines({ of, left, driverDiffers }: NonNullable<Of<'run'>['rerun']>, paint: Paint): string[] {
  const lines = [`continues run ${printable(of)} with the claims that did not pass there`];
  if (driverDiffers)
    lines.push(paint.yellow('the driver has changed since: what passed there, passed with the old one'));
  if (left.length > 0)
    lines.push(paint.yellow(`${count(left.length, 'claim')} of it stay undecided: not asked for here`));
  return lines;
}

/** What is really under test, known when cluster and mesh are up. */
export function planLines({ mesh, kubernetes, claims, sandbox }: Of<'plan'>, paint: Paint): string[] {
  const suites = new Set(claims.map(({ suite }) => suite)).size;
  const other = mesh.observedVersion === mesh.declaredVersion ? '' : ` for ${mesh.declaredVersion}`;
  const driver = mesh.verified ? other && `, by a driver${other}` : `, by an UNVERIFIED driver${other}`;
  const place = sandbox ? ', in a SANDBOX' : '';
  const tested = mesh.name === meshName(mesh.name) ? `${mesh.name} ${mesh.observedVersion}` : meshName(mesh.name);
  const words = `${tested}, Kubernetes ${kubernetes}${place}${driver}`;
  const size = `${count(claims.length, 'claim')} in ${count(suites, 'suite')}`;
  return [`  ${'under test'.padEnd(phaseColumn)}${printable(words)}`, paint.dim(`  ${' '.repeat(phaseColumn)}${size}`)];
}

export function changeLines({ id, what, start, end, error }: Of<'change'>, paint: Paint): string[] {
  const line = `      change ${id}: ${printable(what)}, ${seconds(end - start, 2)}`;
  if (error === undefined) return [paint.dim(line)];
  return [line, ...indent(printable(error.trim()), '        ').split('\n')].map(paint.yellow);
}

export function environmentFaultLine({ cause, to }: Of<'environment-fault'>, paint: Paint): string {
  return paint.yellow(`  ! environment: ${printable(cause)}${to === undefined ? '' : ' (over)'}`);
}

export function crashLine({ pod, container, reason }: Of<'crash'>, paint: Paint): string {
  return paint.yellow(`  ! crash: ${printable(`${container} in ${pod}, ${reason}`)}`);
}

export function noteLine({ what, value }: Of<'note'>, paint: Paint): string {
  return paint.dim(`      ${printable(`${what}: ${value}`)}`);
}

/** What its changes leaked or lost before they settled; empty where nothing was. */
export function deviationText(routes: RouteResult[]): string {
  const leaked = sum(routes.map((route) => route.leaked));
  const lost = sum(routes.map((route) => route.lost));
  if (leaked + lost === 0) return '';
  const settledMs = longest(routes.map((route) => route.settledMs));
  const when = settledMs === undefined ? '' : ` until it settled after ${seconds(settledMs)}`;
  return `${[...(leaked > 0 ? [`${leaked} leaked`] : []), ...(lost > 0 ? [`${lost} lost`] : [])].join(', ')}${when}`;
}
