import { stripVTControlCharacters } from 'node:util';
import type { Comparison } from '#platform/copying/compare-stores';
import { grouped } from '../output/progress-bar.js';

export function isSame({ from, to, differences }: Comparison): boolean {
  return differences.length === 0 && from.root === to.root;
}

/** The comparison for a reader: both sides, then what is not the same. */
export function reportOf(comparison: Comparison): string {
  const { from, to, differences, more } = comparison;
  const lines = [
    row('', 'original', 'copy'),
    row('events', grouped(from.events), grouped(to.events)),
    row('streams', grouped(from.streams), grouped(to.streams)),
    ...(from.root === to.root ? [`Merkle root ${from.root}`] : []),
    '',
    isSame(comparison) ? 'Same: every event, revision, time and the order of all.' : 'Different:',
    ...differences.map(({ stream, detail }) => `  ${stream}: ${detail}`),
    ...(more > 0 ? [`  and ${grouped(more)} more streams`] : []),
  ];
  // Names of streams come from a store: they do not get to steer the terminal.
  return `${lines.map(stripVTControlCharacters).join('\n')}\n`;
}

function row(name: string, left: string, right: string): string {
  return `${name.padEnd(12)}${left.padStart(20)}${right.padStart(20)}`;
}
