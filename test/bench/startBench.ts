/**
 * The start of a bot that has been at it for long, as an operator starts it: a million events and a hundred thousand grants
 * that are live; and of one with ten thousand roles.
 */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { HOUR } from '../../src/domain/terms.ts';
import { placesOf } from '../../src/provisioners/targetPlaces.ts';
import { closeServer, listen } from '../../src/sandbox/http.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { makeBigLedger } from '../support/bigLedger.ts';
import { peakOf, startBotProcess } from './botProcess.ts';
import { inFolder } from './box.ts';
import { fill } from './grantBench.ts';
import { type Measure, median, paired, timeAsync } from './measure.ts';
import { POLICY_SECRETS, policyOf, policySource } from './policies.ts';
import { processTime } from './processTime.ts';

const ACCESSES = 146_000;
const LIVE = 100_000;
const DUE = 500;
const STARTS = 3;
const SETTLE_MS = 15_000;

export const startBench = (): Promise<Measure[]> =>
  inFolder(async (path) => [...(await startWithMuch(path)), await startWithRoles(path)]);

async function startWithMuch(path: (name: string) => string): Promise<Measure[]> {
  let revokedAt = Promise.withResolvers<number>();
  const target = createServer((request, response) => {
    void answer(request, response, () => revokedAt.resolve(performance.now()));
  });
  const url = `http://127.0.0.1:${await listen(target)}/`;
  const source = `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS, digest: never }
resources:
  db:
    target: { kind: webhook, url: "${url}", secret: "\${SECRET}" }
    roles: { read: { grants: {}, duration: { max: 4h }, rules: [{ allow: { on_call: { level: { max: 2 } } } }] } }
`;
  writeFileSync(path('policy.yaml'), source);
  const [place = ''] = placesOf(policyOf(source));
  const period = 90 * 24 * HOUR;
  const big = { path: path('jit.db'), accesses: ACCESSES, people: 500, start: Date.now() - period };
  await makeBigLedger({ ...big, every: period / ACCESSES });
  fill(path('jit.db'), LIVE, Date.now() + 4 * HOUR, { due: DUE * STARTS, place });
  const rounds: { first: number; most: number; bare: number }[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    const sandbox = await startSandbox(Date.now);
    revokedAt = Promise.withResolvers<number>();
    const env = {
      ...{ PATH: process.env.PATH, ...sandbox.env, ...POLICY_SECRETS },
      ...{ JIT_POLICY: path('policy.yaml'), JIT_DATABASE: path('jit.db') },
    };
    const bare = await timeAsync(async () => processTime(['-e', '0'], env, sandbox.directory));
    const began = performance.now();
    const bot = startBotProcess(env);
    const first = (await revokedAt.promise) - began;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    rounds.push({ first, bare, most: peakOf(bot.child.pid ?? 0) });
    await bot.stop();
    await sandbox.close();
  }
  await closeServer(target);
  const what = 'start.js with 100,000 live grants and a million events:';
  return [
    {
      what: `${what} first due revocation reaches its target after`,
      unit: 'ms',
      value: median(rounds.map(({ first }) => first)),
      budget: { most: 500 },
      limitedBy: `loading the program; bare Node takes ${Math.round(median(rounds.map(({ bare }) => bare)))} ms here`,
    },
    {
      what: `${what} most memory`,
      unit: 'MB',
      value: median(rounds.map(({ most }) => most)),
      budget: { most: 150 },
      limitedBy: 'the program itself, and the batches in which the ledger is verified',
    },
  ];
}

/** A service that takes back whatever it is told to. */
async function answer(request: IncomingMessage, response: ServerResponse, revoked: () => void): Promise<void> {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(request, 'end');
  if (/"action":\s*"revoke"/.test(Buffer.concat(chunks).toString('utf8'))) revoked();
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"active":false}');
}

/** In turns: the same bot with ten roles, and with ten thousand. */
async function startWithRoles(path: (name: string) => string): Promise<Measure> {
  const rounds: { many: number; few: number }[] = [];
  for (let round = -1; round < STARTS; round += 1) {
    const took = { many: 0, few: 0 };
    for (const [name, roles] of [
      ['many', 10_000],
      ['few', 10],
    ] as const) {
      const file = path(`${name}.yaml`);
      writeFileSync(file, policySource(roles, 2));
      const sandbox = await startSandbox(Date.now);
      const bot = startBotProcess({ PATH: process.env.PATH, ...sandbox.env, ...POLICY_SECRETS, JIT_POLICY: file });
      took[name] = await bot.ready;
      await bot.stop();
      await sandbox.close();
    }
    if (round >= 0) rounds.push(took);
  }
  const few = rounds.map((one) => one.few);
  return {
    what: 'start.js with 10,000 roles, until it is ready',
    unit: 'ms of processor time',
    ...paired(
      'twice the same with ten roles',
      rounds.map(({ many }) => many),
      few.map((one) => 2 * one),
    ),
    budget: { beyond: 1_000 },
    limitedBy: 'reading the policy, and one connection object a target',
  };
}
