import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { checkApi, checkWorker, keyWarnings } from '#platform/config/deployment';
import { configTable, readConfig } from '#platform/config/config';
import { PerdureServer } from '#test/support/perdure-server';

/** What the tests ask of a service in docker-compose.yml. */
interface Service {
  image: string;
  build?: string;
  profiles?: string[];
  environment?: Record<string, string>;
  command?: string[];
  entrypoint?: string[];
  ports?: string[];
  volumes?: string[];
  networks?: string[];
  restart?: string;
  healthcheck?: { test?: string[]; disable?: boolean };
  deploy?: { resources?: { limits?: { cpus?: string; memory?: string } } };
}

const read = (path: string): string => readFileSync(path, 'utf8');
// Compose knows `<<`, which YAML 1.2 left out.
const yaml = <T>(path: string): T => load(read(path), { schema: CORE_SCHEMA.withTags(mergeTag) }) as T;

const compose = yaml<{
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks: Record<string, { internal?: boolean }>;
}>('docker-compose.yml');
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build);
const dockerfile = read('Dockerfile').replaceAll(/\\\n\s*/g, '');
const [, env = ''] = /^ENV (.*)$/m.exec(dockerfile) ?? [];
const imageEnvironment = Object.fromEntries(env.split(' ').map((pair) => pair.split('=') as [string, string]));
const environmentOf = ({ environment }: Service): Record<string, string> => ({ ...imageEnvironment, ...environment });
// Compose puts the user's own values in; here nobody has set any.
const withoutVariables = (value: string): string => value.replace(/\$\{\w+:-([^}]*)\}/g, '$1');

describe('docker-compose.yml', () => {
  it('has Perdure alone without a profile, engines in full, and what watches them in observability', () => {
    const profiles = Map.groupBy(services, ([, { profiles: [profile = 'none'] = [] }]) => profile);
    expect(profiles.get('none')!.map(([name]) => name)).toEqual(['perdure']);
    expect(new Set(profiles.keys())).toEqual(new Set(['none', 'full', 'observability']));
  });

  it.each(services)('keeps %s up, watches it and limits it', (name, { image, restart, healthcheck, deploy }) => {
    expect(image).toMatch(/^[\w./-]+:[\w.-]+$/);
    expect(image).not.toMatch(/:latest$/);
    expect(restart).toBe('unless-stopped');
    expect(deploy?.resources?.limits).toEqual({ cpus: expect.any(String), memory: expect.any(String) });
    // The collector's image has no program that could ask.
    expect(healthcheck).toEqual(
      name === 'collector' ? { disable: true } : expect.objectContaining({ test: expect.any(Array) }),
    );
  });

  it.each(services)('mounts for %s what exists', (_, { volumes = [] }) => {
    for (const [from = ''] of volumes.map((volume) => volume.split(':'))) {
      if (from.startsWith('./')) expect(existsSync(from)).toBe(true);
      else if (!from.startsWith('/')) expect(Object.keys(compose.volumes)).toContain(from);
    }
  });

  it('gives its own processes settings that Perdure has and accepts', () => {
    const known = new Set([...configTable().map(({ name }) => name), 'NODE_ENV']);
    for (const [name, service] of ours) {
      const environment = environmentOf(service);
      expect([name, Object.keys(environment).filter((variable) => !known.has(variable))]).toEqual([name, []]);
      const config = readConfig(
        Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, withoutVariables(value)])),
      );
      expect(() => (service.command?.[0] === 'worker' ? checkWorker : checkApi)(config)).not.toThrow();
    }
    expect(ours).toHaveLength(3);
  });

  it('gives all that share a log the same keys, and a place for them that the image lets them write to', () => {
    const sharing = ours.filter(([, { profiles }]) => profiles);
    expect(sharing.map(([name]) => name)).toEqual(['api', 'worker']);
    for (const [, { environment = {}, volumes }] of sharing) {
      const config = readConfig({ ...environmentOf({ environment } as Service), PERDURE_MASTER_KEY: '' });
      expect(config.auditKeyFile).toBe('/keys/audit.key');
      expect(volumes).toEqual(['keys:/keys']);
      expect(environment['PERDURE_MASTER_KEY']).toBe('${PERDURE_MASTER_KEY:-}');
      expect(keyWarnings({ ...config, masterKey: 'given' }, 'worker')).toEqual([]);
    }
    expect(dockerfile).toMatch(/install --directory --owner=1000 --group=1000 --mode=0700 \/system\/keys/);
  });

  it('names engines by services of its own, reached on a network that leads nowhere else', () => {
    for (const variable of ['PERDURE_EVENT_STORE', 'PERDURE_READ_STORE', 'PERDURE_JOBS']) {
      const { hostname } = new URL(withoutVariables(compose.services['api']!.environment![variable]!));
      expect(compose.services[hostname]).toMatchObject({ profiles: ['full'], networks: ['engines'] });
      expect(compose.services[hostname]!.ports).toBeUndefined();
    }
    expect(compose.networks['engines']).toEqual({ internal: true });
  });

  it('publishes to this machine only', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports);
    expect(published).toHaveLength(3);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(new Set(published.map((port) => withoutVariables(port).split(':')[1])).size).toBe(published.length);
  });

  it('has no password in it, wants the ones it needs, and explains them', () => {
    const text = read('docker-compose.yml');
    const variables = [...text.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name!);
    const explained = read('.env.example');
    for (const variable of variables) expect(explained).toMatch(new RegExp(`^(# )?${variable}=`, 'm'));
    for (const secret of variables.filter((name) => name.endsWith('PASSWORD'))) {
      expect(explained).toMatch(new RegExp(`^${secret}=$`, 'm'));
      // Compose reads all variables, also of profiles that are off: one marked as required there would keep Perdure alone from starting.
      expect(text).toContain(`\${${secret}:-}`);
    }
    for (const [name, variable] of [
      ['redis', 'REDIS_PASSWORD'],
      ['grafana', 'GF_SECURITY_ADMIN_PASSWORD'],
    ] as const) {
      const { command = [], entrypoint = command, environment } = compose.services[name]!;
      expect(entrypoint.join('\n')).toContain(`: "$\${${variable}:?`);
      expect(environment![variable]).toMatch(/^\$\{\w+:-\}$/);
    }
  });

  it('has one port for Perdure everywhere', () => {
    const port = imageEnvironment['PORT']!;
    expect(imageEnvironment['PERDURE_WORKER_PORT']).toBe(port);
    expect(dockerfile).toMatch(new RegExp(`^EXPOSE ${port}$`, 'm'));
    for (const [, { healthcheck }] of ours) expect(healthcheck!.test!.at(-1)).toContain(`127.0.0.1:${port}/ready`);
    for (const name of ['perdure', 'proxy']) {
      expect(compose.services[name]!.ports!.map((published) => published.split(':').at(-1))).toEqual([port]);
    }
    const caddyfile = read('deploy/proxy/Caddyfile');
    expect(caddyfile).toMatch(new RegExp(`^:${port} \\{`, 'm'));
    expect(caddyfile).toMatch(new RegExp(`name api\\s+port ${port}$`, 'm'));
    const prometheus = yaml<{ scrape_configs: { dns_sd_configs: object[] }[] }>('deploy/prometheus/prometheus.yml');
    expect(prometheus.scrape_configs[0]!.dns_sd_configs).toEqual([
      expect.objectContaining({ names: ours.map(([name]) => name), port: Number(port) }),
    ]);
  });
});

describe('the Dockerfile', () => {
  it('copies what exists and what .dockerignore lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? line.slice(1) : []));
    const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, sources]) =>
      sources!.split(' '),
    );
    expect(copies).toContain('LICENSE');
    for (const source of copies.filter((path) => path !== '.')) {
      expect(existsSync(source)).toBe(true);
      expect(allowed.some((path) => source === path || source.startsWith(`${path}/`))).toBe(true);
    }
    const sources = JSON.parse(read('nest-cli.json')).compilerOptions.builder.options.filenames as string[];
    expect(sources.filter((folder) => !folder.startsWith('test/') && !allowed.includes(folder))).toEqual([]);
  });

  it('ends as a user without rights, with a command that the command line knows', () => {
    const [image = ''] = dockerfile.split(/^FROM /m).slice(-1);
    expect(image).toMatch(/^scratch\n/);
    expect(image).toMatch(/^USER 1000:1000$/m);
    expect(image).toMatch(/^ENTRYPOINT \["\/usr\/local\/bin\/node", "apps\/cli\/perdure\.mjs"\]$/m);
    const commands = read('apps/cli/serving/commands.ts');
    for (const command of ['start', 'worker']) expect(commands).toContain(`@Command({ name: '${command}',`);
    expect(image).toMatch(/^CMD \["start"\]$/m);
  });
});

describe('deploy/', () => {
  let server: PerdureServer;
  beforeAll(async () => (server = await PerdureServer.start()));
  afterAll(() => server.stop());

  it('asks only for metrics that Perdure has', async () => {
    const { text } = await server.api.get('/metrics').expect(200);
    const exported = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name],
    );
    const asked = [read('deploy/grafana/dashboards/perdure.json'), read('deploy/prometheus/alerts.yml')].flatMap(
      (file) => file.match(/\b(perdure|nodejs|process)_\w+/g) ?? [],
    );
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((name) => !exported.includes(name))).toEqual([]);
  });

  it('has a dashboard whose panels have a source of data each', () => {
    const { panels } = JSON.parse(read('deploy/grafana/dashboards/perdure.json')) as {
      panels: { id: number; datasource: { uid: string; type: string } }[];
    };
    const { datasources: sources } = yaml<{ datasources: { uid: string; type: string; url: string }[] }>(
      'deploy/grafana/provisioning/datasources/datasources.yml',
    );
    for (const { datasource } of panels) expect(sources).toContainEqual(expect.objectContaining(datasource));
    for (const { url } of sources) expect(Object.keys(compose.services)).toContain(new URL(url).hostname);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it('has pipelines made of parts that are configured, and sends to services that exist', () => {
    type Parts = Record<string, object>;
    const { service, ...parts } = yaml<{
      service: { pipelines: Record<string, Record<string, string[]>> };
      exporters: Record<string, { endpoint: string }>;
    }>('deploy/collector/collector.yml');
    for (const pipeline of Object.values(service.pipelines)) {
      for (const [kind, names] of Object.entries(pipeline)) {
        for (const name of names) expect(Object.keys((parts as Record<string, Parts>)[kind]!)).toContain(name);
      }
    }
    for (const { endpoint } of Object.values(parts.exporters)) {
      const [host = ''] = endpoint.replace(/^\w+:\/\//, '').split(/[:/]/);
      expect(Object.keys(compose.services)).toContain(host);
    }
  });

  it('is YAML and JSON as far as it says so', () => {
    for (const path of globSync('deploy/**/*.yml')) expect(() => yaml(path)).not.toThrow();
    for (const path of globSync('deploy/**/*.json')) expect(() => JSON.parse(read(path)) as unknown).not.toThrow();
  });
});
