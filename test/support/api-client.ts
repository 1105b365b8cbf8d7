/** An API's answer: its status, and its body where that is JSON. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface ReadyReport {
  readonly status: string;
  readonly parts: readonly { readonly name: string; readonly ready: boolean; readonly error?: string }[];
  readonly projections: readonly { readonly name: string; readonly state: string; readonly lagSeconds: number }[];
}

/** Sends JSON to one of several APIs. */
export class ApiClient {
  constructor(readonly url: string) {}

  async send(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} };
  }

  async ready(): Promise<ReadyReport> {
    return (await this.send('GET', '/ready')).body as unknown as ReadyReport;
  }

  /** Asks until the report is as expected; rejects after a minute with the last one. */
  async readyWhen(isExpected: (report: ReadyReport) => boolean): Promise<ReadyReport> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const report = await this.ready();
      if (isExpected(report)) return report;
      if (performance.now() > deadline) throw new Error(`Still ${JSON.stringify(report)} after 60 s.`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
