import type { Api } from '../api/api.js';
import { type Check, fail, ok, warn } from './check.js';
import { checkClock } from './machine-checks.js';

interface Ready {
  readonly status: string;
  readonly parts: readonly {
    readonly name: string;
    readonly ready: boolean;
    readonly error?: string;
    readonly dispensable?: boolean;
  }[];
}

interface Projection {
  readonly name: string;
  readonly version: number;
  readonly state: string;
  readonly paused: boolean;
  readonly position: string;
  readonly lagEvents: number;
  readonly lagSeconds: number;
  readonly parkedKeys: number;
  readonly error?: string;
}

interface Head {
  readonly size: number;
  readonly at: string;
  readonly keyId: string;
}

/** Seconds that a projection may be behind without a word. */
const LAG_SECONDS = 10;
/** Milliseconds that a store that was just opened has to catch up in. */
const PATIENCE_MS = 10_000;
/** Milliseconds in which nobody wonders that an event is not signed yet. */
const SOON_MS = 600_000;
/** Most dead jobs that are counted. */
const MOST_COUNTED = 1_000;

/** What a running server tells of itself. Rejects with CommandFailed where it cannot be reached. */
export async function checkServer(api: Api): Promise<Check[]> {
  const health = await api.ask('/health');
  const ready = (await (await api.ask('/ready')).json()) as Ready;
  const { items } = await api.get<{ items: { position: string; recordedAt: string }[] }>('/api/v1/events', {
    order: 'desc',
    limit: 1,
  });
  const metrics = gaugesIn(await (await api.ask('/metrics')).text());
  const [newest] = items;
  return [
    checkClock(Date.now(), Date.parse(health.headers.get('date') ?? ''), newest && Date.parse(newest.recordedAt)),
    ...ready.parts.map(checkPart),
    checkEvents(newest, metrics.get('perdure_audit_tree_size')),
    ...(await settled(api)).flatMap(checkProjection),
    await checkAudit(api, metrics, newest),
    await checkJobs(api),
  ];
}

function checkPart({ name, ready, error, dispensable }: Ready['parts'][number]): Check {
  if (ready) return ok(name, dispensable ? 'sound' : 'answers');
  if (dispensable)
    return fail(name, error ?? 'does not answer', 'Do as it says: until then the server goes on as it can.');
  return fail(name, error ?? 'does not answer', 'Look into the log of the server; it tries again by itself.');
}

function checkEvents(newest: { position: string; recordedAt: string } | undefined, size?: number): Check {
  if (!newest) return ok('events', 'none yet');
  const count = size === undefined ? '' : `${size.toLocaleString('en-US')}, `;
  return ok('events', `${count}the newest at position ${newest.position}, recorded at ${newest.recordedAt}`);
}

/** The projections, after they had a moment to catch up. */
async function settled(api: Api): Promise<readonly Projection[]> {
  for (const deadline = performance.now() + PATIENCE_MS; ;) {
    const { items } = await api.get<{ items: Projection[] }>('/api/v1/projections');
    const isBusy = items.some(({ state, lagEvents }) => state === 'catching-up' || (state === 'live' && lagEvents > 0));
    if (!isBusy || performance.now() > deadline) return items;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function checkProjection(projection: Projection): Check[] {
  const { name, version, state, paused, lagEvents, lagSeconds, parkedKeys, error } = projection;
  const of = `projection ${name}`;
  const behind = lagEvents === 0 ? 'up to date' : `${lagEvents} events, ${Math.round(lagSeconds)} s behind`;
  const parked =
    parkedKeys === 0
      ? []
      : [
          warn(
            of,
            `${parkedKeys} keys are parked: their documents stand still`,
            `perdure projections parked --projection ${name}`,
          ),
        ];
  const words = `version ${version}, ${state}, ${behind}`;
  if (state === 'failing')
    return [fail(of, `${words}: ${error ?? ''}`, 'It tries again by itself: mend what it fails for.'), ...parked];
  if (state === 'stopped') return [fail(of, words, 'Start the server anew.'), ...parked];
  if (paused) return [warn(of, words, `perdure projections resume ${name}`), ...parked];
  if (state === 'rebuilding')
    return [warn(of, words, 'It answers as it was until the new one is built: perdure operations list'), ...parked];
  if (lagSeconds > LAG_SECONDS) {
    const cure =
      state === 'elsewhere' ? 'See that a perdure worker runs.' : 'Wait, or look into the log what keeps it busy.';
    return [warn(of, words, cure), ...parked];
  }
  return [ok(of, words), ...parked];
}

async function checkAudit(
  api: Api,
  metrics: ReadonlyMap<string, number>,
  newest?: { readonly recordedAt: string },
): Promise<Check> {
  const name = 'signed heads';
  const size = metrics.get('perdure_audit_tree_size') ?? 0;
  const response = await api.ask('/api/v1/audit/heads/latest');
  if (!response.ok) {
    const isNew = !newest || Date.now() - Date.parse(newest.recordedAt) < SOON_MS;
    const cure = 'One follows within PERDURE_AUDIT_EVERY seconds: look into the log of whatever runs the projections.';
    return isNew ? ok(name, 'none yet') : warn(name, `none yet, over ${size} events`, cure);
  }
  const head = (await response.json()) as Head;
  const uncovered = Math.max(0, size - head.size);
  const found = `the last one, of ${head.at}, covers ${head.size} events; ${uncovered} are not signed yet`;
  if (metrics.get('perdure_audit_refused') !== 1) return ok(name, found);
  return fail(
    name,
    `${found}: the log is not what was signed`,
    'perdure audit verify names the first event that was changed.',
  );
}

async function checkJobs(api: Api): Promise<Check> {
  const { items } = await api.get<{ items: unknown[] }>('/api/v1/jobs', { state: 'dead', limit: MOST_COUNTED });
  if (items.length === 0) return ok('dead jobs', 'none');
  const count = items.length === MOST_COUNTED ? `${MOST_COUNTED} or more` : items.length;
  return warn('dead jobs', `${count} have failed for good`, 'GET /api/v1/jobs?state=dead has them with their errors.');
}

/** Values of gauges without labels, in the text that Prometheus reads. */
function gaugesIn(text: string): ReadonlyMap<string, number> {
  const lines = text.matchAll(/^(\w+) (\S+)$/gm);
  return new Map([...lines].map(([, name, value]) => [name!, Number(value)]));
}
