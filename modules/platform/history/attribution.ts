import type { Recorded } from '#kernel/event';
import { isSealed } from '#kernel/personal';
import { pointerTo } from '#platform/commands/json-fields';

/** Whose doing a value is. Parts that no node of their own stands for are the same event's. */
class Node {
  readonly parts = new Map<string, Node>();

  constructor(public event: Recorded | undefined) {}
}

/** An array or an object, by its parts. */
type Parts = Readonly<Record<string, unknown>>;

/** A value that is no array or object with something in it. */
export interface Leaf {
  /** JSON pointer, RFC 6901. */
  readonly pointer: string;
  readonly value: unknown;
  /** The last event that set it; undefined where it was so before all events. */
  readonly event: Recorded | undefined;
}

/**
 * Which event set each part of a state last. States share what did not change, so that comparing two of them by reference first
 * looks only at what an event changed, not at all of a large state.
 */
export class Attribution {
  readonly #root = new Node(undefined);

  /** With `keepRemoved` it also tells who removed what is no longer there. */
  constructor(private readonly keepRemoved = false) {}

  /** The event has led from one state to the next. */
  advance(before: object, after: object, event: Recorded): void {
    this.#compare(this.#root, before, after, event);
  }

  /** All leaves of the state that the last event led to, those below a pointer only. */
  *leaves(state: object, below = ''): Generator<Leaf, void> {
    yield* leavesOf(this.#root, state, '', below);
  }

  /** The last event that changed what is, or was, at this place, or anything below it; undefined where none did. */
  at(path: readonly string[]): Recorded | undefined {
    let node = this.#root;
    for (const name of path) {
      const part = node.parts.get(name);
      if (!part) return node.event;
      node = part;
    }
    return latest(node);
  }

  /** Whether anything changed. */
  #compare(node: Node, before: unknown, after: unknown, event: Recorded): boolean {
    if (before === after) return false;
    if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) {
      if (isSealed(before) && isSealed(after) && before.$sealed === after.$sealed) return false;
      node.event = event;
      node.parts.clear();
      return true;
    }
    const isChanged = this.#compareParts(node, before, after, event);
    // What has no parts is a leaf, and was made so by what took the last one away.
    if (isChanged && !this.keepRemoved && !isBranch(after)) node.event = event;
    return isChanged;
  }

  #compareParts(node: Node, before: Parts, after: Parts, event: Recorded): boolean {
    let isChanged = false;
    for (const name of Object.keys(after)) {
      const value = after[name];
      const known = Object.hasOwn(before, name) ? before[name] : undefined;
      if (value === undefined || value === known) continue;
      const part = node.parts.get(name) ?? new Node(node.event);
      if (!this.#compare(part, known, value, event)) continue;
      node.parts.set(name, part);
      isChanged = true;
    }
    for (const name of Object.keys(before)) {
      if (before[name] === undefined || (Object.hasOwn(after, name) && after[name] !== undefined)) continue;
      if (this.keepRemoved) node.parts.set(name, new Node(event));
      else node.parts.delete(name);
      isChanged = true;
    }
    return isChanged;
  }
}

function* leavesOf(node: Node, value: unknown, pointer: string, below: string): Generator<Leaf, void> {
  if (!isBranch(value)) {
    if (value !== undefined) yield { pointer, value, event: node.event };
    return;
  }
  for (const [name, part] of Object.entries(value)) {
    const next = pointerTo(pointer, name);
    const leadsThere = isBelow(next, below) || isBelow(below, next);
    if (leadsThere) yield* leavesOf(node.parts.get(name) ?? new Node(node.event), part, next, below);
  }
}

function isBelow(pointer: string, above: string): boolean {
  return pointer === above || pointer.startsWith(`${above}/`);
}

function latest(node: Node): Recorded | undefined {
  let last = node.event;
  for (const part of node.parts.values()) {
    const event = latest(part);
    if (event && (!last || event.revision >= last.revision)) last = event;
  }
  return last;
}

/** An array or an object. What is sealed is one value. */
function isContainer(value: unknown): value is Parts {
  return typeof value === 'object' && value !== null && !isSealed(value);
}

/** An array or an object with something in it. As in JSON, a member that is undefined is not there. */
export function isBranch(value: unknown): value is Parts {
  if (!isContainer(value)) return false;
  if (Array.isArray(value)) return value.length > 0;
  for (const name in value) if (value[name] !== undefined) return true;
  return false;
}
