import { comparePositions } from '#kernel/event';
import { Integer, ListOf, Nested, Optional, Text, Timestamp, Flag } from '#platform/commands/fields';
import { HistoryActor } from './history-entry.js';

/** Most events of one trace. */
export const MOST_TRACED = 10_000;

/** An event of a chain of causes, as an index over all events knows it. */
export interface TracedEvent {
  readonly id: string;
  readonly type: string;
  readonly object: { readonly type: string; readonly id: string };
  readonly revision: number;
  readonly position: string;
  readonly actor: HistoryActor;
  readonly reason?: string;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
}

export class TraceObject {
  @Text() type: string;
  @Text() id: string;
}

/** An event that a command led to. */
export class TraceEffect {
  @Text() id: string;
  @Text() type: string;
  @Integer({ min: 0 }) revision: number;
  @Text() position: string;
}

/** A command that was carried out, because of what, and what it led to. */
export class TraceStep {
  @Text() commandId: string;
  /** What caused it: the id of an event, or of a command; its own where nothing did. */
  @Text() causationId: string;
  /** The command that it follows from; not there for a first one. */
  @Optional(Text()) parent?: string;
  /** 0 for a first request, and one more for each cause in between. */
  @Integer({ min: 0 }) depth: number;
  @Nested(TraceObject) object: TraceObject;
  @Nested(HistoryActor) actor: HistoryActor;
  @Optional(Text()) reason?: string;
  @Timestamp() occurredAt: string;
  @Timestamp() recordedAt: string;
  @ListOf(Nested(TraceEffect), { max: MOST_TRACED }) events: TraceEffect[];
}

/** The tree of causes from the first request to the last effect: each step stands before those that follow from it. */
export class Trace {
  @Text() correlationId: string;
  @ListOf(Nested(TraceStep), { max: MOST_TRACED }) steps: TraceStep[];
  /** There where it has more events than one answer: these are the first ones. */
  @Optional(Flag()) truncated?: boolean;
}

/** The tree that these events make, whatever their order. */
export function traceOf(correlationId: string, events: readonly TracedEvent[]): Trace {
  const steps = stepsOf(events);
  const causes = new Map<string, TraceStep>();
  for (const step of steps) {
    if (!causes.has(step.commandId)) causes.set(step.commandId, step);
    for (const { id } of step.events) causes.set(id, step);
  }
  const effects = new Map<TraceStep | undefined, TraceStep[]>();
  for (const step of steps) {
    const parent = step.causationId === step.commandId ? undefined : causes.get(step.causationId);
    if (parent) step.parent = parent.commandId;
    effects.set(parent, [...(effects.get(parent) ?? []), step]);
  }
  const ordered: TraceStep[] = [];
  const placed = new Set<TraceStep>();
  const place = (first: TraceStep): void => {
    for (const waiting = [{ step: first, depth: 0 }]; waiting.length > 0;) {
      const { step, depth } = waiting.pop()!;
      if (placed.has(step)) continue;
      placed.add(step);
      ordered.push(Object.assign(step, { depth }));
      const next = effects.get(step) ?? [];
      waiting.push(...next.toReversed().map((effect) => ({ step: effect, depth: depth + 1 })));
    }
  };
  (effects.get(undefined) ?? []).forEach(place);
  // What other programs wrote may cause itself by a detour.
  steps.forEach(place);
  return { correlationId, steps: ordered };
}

/** One step for each command and object, in the order in which they were recorded. */
function stepsOf(events: readonly TracedEvent[]): TraceStep[] {
  const steps = new Map<string, TraceStep>();
  for (const event of [...events].sort(byPlace)) {
    const { commandId, causationId, object, actor, reason, occurredAt, recordedAt, id, type, revision, position } =
      event;
    const key = `${commandId} ${object.type}-${object.id}`;
    const step = steps.get(key);
    const effect = { id, type, revision, position };
    if (step) step.events.push(effect);
    else {
      const begun = { commandId, causationId, depth: 0, object, actor, reason, occurredAt, recordedAt };
      steps.set(key, { ...begun, events: [effect] });
    }
  }
  return [...steps.values()];
}

function byPlace(a: TracedEvent, b: TracedEvent): number {
  return comparePositions(a.position, b.position) || a.revision - b.revision;
}
