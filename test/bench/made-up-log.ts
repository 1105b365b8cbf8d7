const CASES = 1_434;
const ACTIVITIES = ['Confirmation of receipt', 'Check receipt', 'Determine necessity', 'Draft report', 'Print', 'Send'];

/** CSV with the columns and about the size of the receipt log, for machines that do not have it. */
export function madeUpLog(): string {
  const rows = Array.from({ length: CASES }, (_, n) =>
    ACTIVITIES.map((activity, step) => {
      const time = new Date(Date.UTC(2026, 0, 1, 8, n) + step * 3_600_000).toISOString();
      return `Internet,case-${n},General,task-${n}-${step},${activity},complete,Group ${n % 7},Resource${n % 40},${time}`;
    }).join('\n'),
  );
  const head =
    'case:channel,case:concept:name,case:department,concept:instance,concept:name,lifecycle:transition,org:group,' +
    'org:resource,time:timestamp';
  return `${head}\n${rows.join('\n')}\n`;
}
