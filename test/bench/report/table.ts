import type { Aim, Result } from './figure.js';

const WIDTHS = [44, 22, 19, 40, 7, 14, 4];

export function tableHead(): string {
  return line(['what', 'median', 'min … max', 'beside', 'ratio', 'aim', 'met']);
}

/** One result as a line of the table. */
export function tableRow({ name, unit, median, min, max, ceiling, ratio, aim, met }: Result): string {
  return line([
    name,
    `${short(median)} ${unit}`,
    `${short(min)} … ${short(max)}`,
    `${short(ceiling.median)} ${ceiling.name}`,
    ratio.toFixed(2),
    aim ? aimText(aim) : '',
    met === undefined ? '' : met ? 'yes' : 'NO',
  ]);
}

function aimText(aim: Aim): string {
  const bound = 'atLeast' in aim ? `≥ ${short(aim.atLeast)}` : `≤ ${short(aim.atMost)}`;
  return aim.of === 'ratio' ? `${bound} ×` : bound;
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, column) => cell.padEnd(WIDTHS[column]!))
    .join(' ')
    .trimEnd();
}

/** Three digits are all that a measurement is worth. */
function short(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
