import type { JobRecord } from './job-record.js';
import { isEnded, viewOf } from './job-record.js';
import { cursorAfter, keyBefore } from './job-cursor.js';
import { DEFAULT_PAGE } from './job-request.js';
import type { JobPage, JobQuery, JobView } from './jobs.port.js';
import type { FullJobsSettings } from './jobs-settings.js';
import type { RedisLink } from './redis-link.js';

/**
 * Writes a record over the one that was read, and drops what is too much of the ended ones, in one step. A record is stored as
 * its revision, a space and its JSON. Answers 1, or what stands there instead.
 *
 * KEYS: records by key, all keys, ended keys of either kind by time, bytes of either kind.
 * ARGV: key, revision that must stand there (0: none), new value, kind (0 live, 1 ended, 2 dead), time, oldest, bytes allowed.
 */
const PUT = `
local records, keys, sizes = KEYS[1], KEYS[2], KEYS[5]
local key, kind = ARGV[1], tonumber(ARGV[4])
local before = redis.call('HGET', records, key)
local revision = before and string.match(before, '^%d+') or '0'
if revision ~= ARGV[2] then
  if before == ARGV[3] then return 1 end
  return before or 0
end
local function forget(of, value)
  for each = 1, 2 do
    if redis.call('ZREM', KEYS[2 + each], of) == 1 then redis.call('HINCRBY', sizes, each, -#value) end
  end
end
if before then forget(key, before) end
redis.call('HSET', records, key, ARGV[3])
redis.call('ZADD', keys, 0, key)
if kind == 0 then return 1 end
redis.call('ZADD', KEYS[2 + kind], ARGV[5], key)
local total = redis.call('HINCRBY', sizes, kind, #ARGV[3])
while true do
  local oldest = redis.call('ZRANGE', KEYS[2 + kind], 0, 0, 'WITHSCORES')
  if not oldest[1] then return 1 end
  if tonumber(oldest[2]) >= tonumber(ARGV[6]) and total <= tonumber(ARGV[7]) then return 1 end
  local value = redis.call('HGET', records, oldest[1]) or ''
  forget(oldest[1], value)
  total = total - #value
  redis.call('HDEL', records, oldest[1])
  redis.call('ZREM', keys, oldest[1])
end
`;

interface PuttingClient {
  perdurePutJob(...args: (string | number)[]): Promise<string | number>;
}

/** Records that a filtered page looks at in one go. */
const CHUNK = 500;

/** The records of all jobs in Redis. BullMQ keeps time and hands out what is due; what a job is stands here. */
export class RedisRecords {
  readonly #records: string;
  readonly #keys: string;
  readonly #ended: string;
  readonly #dead: string;
  readonly #sizes: string;

  constructor(
    private readonly link: RedisLink,
    prefix: string,
    private readonly settings: Pick<FullJobsSettings, 'keepFinished' | 'keepDead'>,
  ) {
    const name = (part: string): string => `${prefix}-jobs:${part}`;
    [this.#records, this.#keys, this.#sizes] = [name('records'), name('keys'), name('sizes')];
    [this.#ended, this.#dead] = [name('ended'), name('dead')];
    link.client.defineCommand('perdurePutJob', { numberOfKeys: 5, lua: PUT });
  }

  async get(key: string): Promise<JobRecord | undefined> {
    return parsed(await this.link.within(() => this.link.client.hget(this.#records, key)));
  }

  /**
   * Reads, changes and writes until nobody wrote in between; `guess` is what probably stands there. Resolves with what stands there
   * then: the change may return what it was given, to leave it.
   */
  async change<T extends JobRecord | undefined>(
    key: string,
    change: (before: JobRecord | undefined) => T,
    guess?: JobRecord,
  ): Promise<T> {
    let before = guess ?? (await this.get(key));
    for (;;) {
      const after = change(before);
      if (after === before || after === undefined) return after;
      const conflicting = await this.#put(after, before?.rev ?? 0);
      if (conflicting === 'written') return after;
      before = conflicting;
    }
  }

  async list(query: JobQuery, now: number): Promise<JobPage> {
    const { limit = DEFAULT_PAGE, queue, handler, state } = query;
    const matches = (view: JobView): boolean =>
      (queue ?? view.queue) === view.queue &&
      (handler ?? view.handler) === view.handler &&
      (state ?? view.state) === view.state;

    const items: JobView[] = [];
    for await (const records of this.#inOrder(query)) {
      const found = records.map((record) => viewOf(record, now)).filter(matches);
      items.push(...found.slice(0, limit + 1 - items.length));
      if (items.length <= limit) continue;
      items.pop();
      return { items, next: cursorAfter(items.at(-1)!.key, query) };
    }
    return { items };
  }

  /** All that are to be run or run, in parts. */
  async *live(): AsyncGenerator<JobRecord[], void> {
    for await (const records of this.#inOrder({})) yield records.filter((record) => !isEnded(record));
  }

  async *#inOrder(query: JobQuery): AsyncGenerator<JobRecord[], void> {
    const { state } = query;
    if (state === 'dead' || state === 'finished' || state === 'cancelled') return yield* this.#endedOnes(query);
    let last = keyBefore(query);
    for (;;) {
      const from = last === undefined ? '-' : `(${last}`;
      const keys = await this.link.within(() => this.link.client.zrangebylex(this.#keys, from, '+', 'LIMIT', 0, CHUNK));
      if (keys.length === 0) return;
      yield await this.#getMany(keys);
      last = keys.at(-1)!;
    }
  }

  /** What has ended is bounded: better all of it than a walk through the millions that are to come. */
  async *#endedOnes(query: JobQuery): AsyncGenerator<JobRecord[], void> {
    const set = query.state === 'dead' ? this.#dead : this.#ended;
    const found = await this.link.within<string[]>(() => this.link.client.zrange(set, 0, '-1'));
    const keys = found.map((key) => Buffer.from(key));
    const last = keyBefore(query);
    const start = last === undefined ? undefined : Buffer.from(last);
    const rest = (start ? keys.filter((key) => Buffer.compare(key, start) > 0) : keys).sort((a, b) =>
      Buffer.compare(a, b),
    );
    for (let i = 0; i < rest.length; i += CHUNK) yield await this.#getMany(rest.slice(i, i + CHUNK).map(String));
  }

  async #getMany(keys: string[]): Promise<JobRecord[]> {
    const values = await this.link.within(() => this.link.client.hmget(this.#records, ...keys));
    return values.flatMap((value) => parsed(value) ?? []);
  }

  async #put(record: JobRecord, over: number): Promise<'written' | JobRecord | undefined> {
    const { keepFinished, keepDead } = this.settings;
    const kind = !isEnded(record) ? 0 : record.state === 'dead' ? 2 : 1;
    const { age, bytes } = kind === 2 ? keepDead : keepFinished;
    const at = record.endedAt ?? 0;
    const client = this.link.client as unknown as PuttingClient;
    const keys = [this.#records, this.#keys, this.#ended, this.#dead, this.#sizes];
    const value = `${record.rev} ${JSON.stringify(record)}`;
    const answer = await this.link.within(() =>
      client.perdurePutJob(...keys, record.key, over, value, kind, at, at - age, bytes),
    );
    if (answer === 1) return 'written';
    return parsed(answer === 0 ? null : String(answer));
  }
}

function parsed(value: string | null): JobRecord | undefined {
  return value === null ? undefined : (JSON.parse(value.slice(value.indexOf(' ') + 1)) as JobRecord);
}
