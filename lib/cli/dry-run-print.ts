import type { Colours } from '../console/colours.ts';
import type { PlanView } from './dry-run-view.ts';

/** The plan for people. */
export function printPlan(plan: PlanView, colours: Colours): string {
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [colours.bold(title), ...lines.map((line) => `  ${line}`), ''];
  const claims = plan.claims.flatMap((claim) => [
    `${colours.cyan(claim.id)}${claim.level === 'extended' ? ' (extended)' : ''}`,
    `  ${claim.title}`,
    ...(claim.features.length > 0 ? [colours.dim(`  needs ${claim.features.join(', ')}`)] : []),
  ]);
  const batches = plan.batches.flatMap(({ changes, begin }, index) => [
    ...changes.map((change, i) => colours.yellow(`${i === 0 ? String(index + 1).padStart(3) : '   '} ${change}`)),
    ...(begin.length > 0 ? [`    begin: ${begin.join(', ')}`] : []),
  ]);
  return `${[
    `cluster: ${colours.bold(plan.provider.provider)} (${plan.provider.reason})`,
    `mesh: ${colours.bold(plan.mesh.name)}, ${plan.mesh.title}, ${plan.mesh.driver}`,
    '',
    ...section('Would be created', plan.creates),
    ...section('Would be changed', plan.changes),
    ...section('Would run', claims),
    ...section(`Would change, side by side where claims can be, with ${times(plan.switches)}`, batches),
    ...section(
      'Would not run',
      plan.skip.map(({ id, exemption }) => `${id}: ${exemption.verdict}, ${exemption.reason}`),
    ),
    ...section('Afterwards', plan.afterwards),
    'Nothing was touched.',
  ].join('\n')}\n`;
}

function times(switches: number): string {
  return switches === 1 ? '1 switch of modes' : `${switches} switches of modes`;
}
