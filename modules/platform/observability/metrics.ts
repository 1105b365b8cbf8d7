import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ProjectionStatus } from '#platform/projecting/projection-status';

/** Everything that Prometheus asks for. One for each application, so that two in one process do not mix. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  readonly #requests = new Histogram({
    name: 'perdure_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [this.registry],
  });
  readonly #commands = new Counter({
    name: 'perdure_commands_total',
    help: 'Commands by type and outcome: done, replayed, or the code of the problem.',
    labelNames: ['type', 'outcome'],
    registers: [this.registry],
  });
  readonly #groups = new Histogram({
    name: 'perdure_append_group_size',
    help: 'Writes that shared one transaction and one fsync.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    registers: [this.registry],
  });
  readonly #projections = ['position', 'lag_seconds', 'parked_keys'].map(
    (what) =>
      new Gauge({
        name: `perdure_projection_${what}`,
        help: `The projection's ${what.replace('_', ' ')}.`,
        labelNames: ['projection'],
        registers: [this.registry],
      }),
  );

  readonly #failing = new Gauge({
    name: 'perdure_projection_failing',
    help: '1 where the projection fails as a whole and tries again, 0 where it does not.',
    labelNames: ['projection'],
    registers: [this.registry],
  });
  readonly #parkedEver = new Counter({
    name: 'perdure_parked_events_total',
    help: 'Times that this process has set a key aside because an event of its failed.',
    labelNames: ['projection'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** One answered request. The route is a pattern, never a URL: labels stay few. */
  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status }, seconds);
  }

  /** One command; the outcome is `done`, `replayed` or a problem's code. */
  countCommand(type: string, outcome: string): void {
    this.#commands.inc({ type, outcome });
  }

  /** One group of writes that was committed together. */
  observeGroup(writes: number): void {
    this.#groups.observe(writes);
  }

  /** Adds a value that is read whenever it is asked for. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `perdure_${name}`,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** The Prometheus text, with the projections as they are now; those that nobody can tell of are left out. */
  async text(projections: readonly ProjectionStatus[]): Promise<string> {
    for (const metric of [...this.#projections, this.#failing, this.#parkedEver]) metric.reset();
    const [position, lag, parked] = this.#projections;
    for (const projection of projections) {
      const labels = { projection: projection.name };
      position!.set(labels, Number(projection.position));
      lag!.set(labels, projection.lagSeconds);
      parked!.set(labels, projection.parkedKeys);
      this.#failing.set(labels, projection.state === 'failing' ? 1 : 0);
      if (projection.parkedEver !== undefined) this.#parkedEver.inc(labels, projection.parkedEver);
    }
    return this.registry.metrics();
  }
}
