import type { Json } from '#kernel/json';

/** An attribute of XES (IEEE 1849) while its element is open. */
export interface XesAttribute {
  readonly type: string;
  readonly key: string;
  readonly value: string | undefined;
  readonly children: [key: string, value: Json][];
}

export const XES_ATTRIBUTE_TYPES: ReadonlySet<string> = new Set([
  'string',
  'date',
  'int',
  'float',
  'boolean',
  'id',
  'list',
  'container',
]);

/**
 * The attribute as JSON. A list is an array of `{ key: value }`, since its keys may repeat; a container is an object. An
 * attribute that has attributes of its own becomes `{ value, attributes }`.
 */
export function jsonOf({ type, value, children }: XesAttribute): Json {
  if (type === 'list') return children.map((child) => Object.fromEntries([child]));
  if (type === 'container') return Object.fromEntries(children);
  const scalar = scalarOf(type, value ?? '');
  return children.length === 0 ? scalar : { value: scalar, attributes: Object.fromEntries(children) };
}

/** Numbers that JSON or a double cannot carry stay text. */
function scalarOf(type: string, value: string): Json {
  if (type === 'boolean') return value === 'true' || value === '1';
  if (type === 'int') return Number.isSafeInteger(Number(value)) && value.trim() !== '' ? Number(value) : value;
  if (type === 'float') return Number.isFinite(Number(value)) && value.trim() !== '' ? Number(value) : value;
  return value;
}
