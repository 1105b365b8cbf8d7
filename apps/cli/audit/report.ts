import { printLine, printTable } from '../output/print.js';

interface Count {
  readonly events: number;
}

/** A period summed up, as the API answers it. */
export interface Report {
  readonly from: string;
  readonly to: string;
  readonly events: number;
  readonly refused: number;
  readonly failed: number;
  readonly actors: number;
  readonly first?: { readonly recordedAt: string };
  readonly last?: { readonly recordedAt: string };
  readonly byActor: readonly (Count & { readonly actor: { readonly type: string; readonly id: string } })[];
  readonly byType: readonly (Count & { readonly type: string })[];
  readonly byDay: readonly (Count & { readonly day: string })[];
  readonly refusals: readonly (Count & { readonly code: string })[];
  readonly failures: readonly (Count & { readonly code: string })[];
}

/** The report for a reader; lists that are empty are left out. */
export function printReport(report: Report): void {
  const { from, to, events, refused, failed, actors, first, last } = report;
  printLine(`From ${from} until ${to}, by when events were recorded.`);
  if (first && last) printLine(`The first event was recorded at ${first.recordedAt}, the last at ${last.recordedAt}.`);
  printLine();
  printTable(['in all', ''], Object.entries({ events, refused, failed, actors }));
  const lists: [string, [string, number][]][] = [
    ['actor', report.byActor.map(({ actor, events: n }) => [`${actor.type}:${actor.id}`, n])],
    ['type', report.byType.map(({ type, events: n }) => [type, n])],
    ['day', report.byDay.map(({ day, events: n }) => [day, n])],
    ['refused with', report.refusals.map(({ code, events: n }) => [code, n])],
    ['failed with', report.failures.map(({ code, events: n }) => [code, n])],
  ];
  for (const [name, rows] of lists.filter(([, rows]) => rows.length > 0)) {
    printLine();
    printTable([name, 'events'], rows);
  }
}
