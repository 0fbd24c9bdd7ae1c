/** docs/deploy: what can be tried of it without a container engine, a cluster or a systemd that runs. */

import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dumpYaml, loadYaml } from '@kubernetes/client-node';
import { expect, onTestFinished, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { SECRET_VARIABLES } from '../../src/config/secretVariables.ts';
import { closeServer, listen } from '../../src/sandbox/http.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(join(ROOT, 'docs/deploy', file), 'utf8');
const FILES = ['Dockerfile', 'compose.yaml', 'kubernetes.yaml', 'kubernetes-postgres.yaml', 'jitbot.service'];

test.each(FILES)('%s gives secrets as files, by names that the bot reads', (file) => {
  const named = [...read(file).matchAll(/\b([A-Z_]+)_FILE\b/g)].map(([, name]) => name);
  for (const name of named) expect(SECRET_VARIABLES).toContain(name);
});

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}
const manifestsIn = (file: string) => parseAllDocuments(read(file)).map((document) => document.toJS() as Manifest);
const manifests = manifestsIn('kubernetes.yaml');
const onPostgres = manifestsIn('kubernetes-postgres.yaml');

test.each([...manifests, ...onPostgres].map((manifest) => [manifest.kind, manifest] as const))(
  'Kubernetes knows every field of the %s',
  (_, manifest) => {
    // The official client is made from the published types, and leaves out whatever they do not have.
    expect(parse(dumpYaml(loadYaml(stringify(manifest))))).toEqual(manifest);
  },
);

test('a field that Kubernetes does not know would be missed', () => {
  const misspelt = { apiVersion: 'v1', kind: 'Service', spec: { selectors: { app: 'jitbot' } } };
  expect(parse(dumpYaml(loadYaml(stringify(misspelt))))).not.toEqual(misspelt);
});

test('there is one replica, and no second one beside it', () => {
  expect(manifests.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Service', 'StatefulSet', 'NetworkPolicy']);
  expect(manifests).toContainEqual(expect.objectContaining({ spec: expect.objectContaining({ replicas: 1 }) }));
});

test('on PostgreSQL there are two, one of which waits, and no volume', () => {
  expect(onPostgres.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Service', 'Deployment', 'NetworkPolicy']);
  expect(onPostgres).toContainEqual(expect.objectContaining({ spec: expect.objectContaining({ replicas: 2 }) }));
  expect(read('kubernetes-postgres.yaml')).toContain('JIT_STANDBY, value: "yes"');
  expect(read('kubernetes-postgres.yaml')).not.toContain('volumeClaimTemplates');
});

test('compose builds the Dockerfile, and mounts where the image expects things', () => {
  const { services } = parse(read('compose.yaml')) as {
    services: { jitbot: { build: { context: string; dockerfile: string }; volumes: string[]; read_only: boolean } };
  };
  const { build, volumes, read_only } = services.jitbot;
  expect(existsSync(join(ROOT, 'docs/deploy', build.context, build.dockerfile))).toBe(true);
  expect(volumes.map((volume) => volume.split(':')[1])).toEqual(['/data', '/etc/jitbot']);
  expect(read_only).toBe(true);
});

/** What whoever uses compose.yaml puts beside it: the policy, each secret, and settings for compose itself. */
function besideCompose(): readonly string[] {
  const { services, secrets } = parse(read('compose.yaml')) as {
    services: { jitbot: { volumes: string[] } };
    secrets: Record<string, { file: string }>;
  };
  const mounted = services.jitbot.volumes.flatMap((volume) => /^\.\/[^:]+/.exec(volume)?.[0] ?? []);
  const files = Object.values(secrets).map(({ file }) => file);
  return [...mounted.map((path) => `${path}/policy.yaml`), ...files, '.env'].map((path) => join('docs/deploy', path));
}

test('secrets and policy beside compose.yaml get into no package and no image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-beside-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['package.json', 'docs/deploy']) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  for (const path of besideCompose()) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), 'a secret');
  }
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const [packed] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(FILES.map((file) => `docs/deploy/${file}`)));
  expect(paths.filter((path) => besideCompose().includes(path))).toEqual([]);
});

test('git takes none of them, and no build gets them', () => {
  const { stdout } = spawnSync('git', ['check-ignore', ...besideCompose()], { cwd: ROOT, encoding: 'utf8' });
  expect(stdout.trim().split('\n')).toEqual(besideCompose());
  const ignored = read('Dockerfile.dockerignore').split('\n');
  for (const path of besideCompose().filter((one) => !one.endsWith('.env'))) expect(ignored).toContain(dirname(path));
  // Docker takes a pattern without a folder for the top one only.
  expect(ignored).toEqual(expect.arrayContaining(['**/.env*', '**/*.pem', '**/*.db', '**/*.db-*']));
});

const arrayAfter = (start: RegExp): string[] => {
  const line = read('Dockerfile')
    .split('\n')
    .find((one) => start.test(one));
  return JSON.parse((line ?? '').slice((line ?? '').indexOf('['))) as string[];
};

test.each([
  [200, 0],
  [503, 1],
  [null, 1],
])('the health check of the image answers %s with %i', async (status, code) => {
  const server = createServer((request, response) =>
    response.writeHead(request.url === '/healthz' ? Number(status) : 404).end(),
  );
  const port = await listen(server);
  if (status === null) await closeServer(server);
  else onTestFinished(() => closeServer(server));
  const [, ...args] = arrayAfter(/^HEALTHCHECK/);
  const exit = await new Promise((resolve) => {
    execFile(process.execPath, args, { env: { PORT: String(port) } }, (error) => resolve(error ? error.code : 0));
  });
  expect(exit).toBe(code);
});

test('the image runs Node as process 1, not as root, with a packaged program', () => {
  const dockerfile = read('Dockerfile');
  expect(dockerfile).toMatch(/^USER node$/m);
  const [program, path = ''] = arrayAfter(/^CMD/);
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  expect(program).toBe('node');
  expect(files).toContain(path.replace('/opt/jitbot/', ''));
});

test('systemd takes the unit, and calls it well protected', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const unit = join(folder, 'jitbot.service');
  // The user and the programs of the machine that it is meant for are not here.
  writeFileSync(
    unit,
    read('jitbot.service').replace('/usr/bin/node', process.execPath).replaceAll('=jitbot\n', '=daemon\n'),
  );
  const analyze = (...args: string[]) => spawnSync('systemd-analyze', [...args, unit], { encoding: 'utf8' });
  const { status, stderr } = analyze('verify');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  // In tenths: 0 is locked up, 100 is unprotected.
  expect(analyze('security', '--offline=yes', '--threshold=20').status).toBe(0);
});
