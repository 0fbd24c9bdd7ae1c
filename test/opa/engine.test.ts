import { copyFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { OpaTarget } from '../../src/domain/policy.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import { readAnswer } from '../../src/opa/answer.ts';
import { inputDocument } from '../../src/opa/document.ts';
import { createPolicyEngine } from '../../src/opa/engine.ts';
import type { OpaQuestion } from '../../src/ports/policy.ts';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { recordedLog } from '../support/log.ts';

const AT = Date.UTC(2026, 0, 15, 3);
const question = (level: number | null): OpaQuestion => ({
  at: AT,
  person: { slackId: 'U0ANA', name: 'Ana', email: 'ana@x.example', timeZone: 'UTC' },
  role: 'payments-db/read',
  duration: HOUR,
  reason: 'Stuck payments',
  onCall: known(
    level === null
      ? []
      : [
          {
            escalationPolicy: { id: 'PPAY', name: 'Payments' },
            services: [],
            schedule: null,
            level,
            start: null,
            end: AT + HOUR,
            isOverride: null,
          },
        ],
  ),
  incident: null,
});

const engine = createPolicyEngine({ log: recordedLog(), directory: fileURLToPath(new URL('.', import.meta.url)) });
afterEach(() => engine.close());

describe('what a policy may answer', () => {
  test.each([
    [
      { allow: true, ttl: '60s' },
      { decision: 'allow', max: MINUTE },
    ],
    [{ allow: true }, { decision: 'allow', max: null }],
    [
      { allow: false, reason: 'not on call' },
      { decision: 'deny', reasons: ['not on call'] },
    ],
    [
      { decision: 'ask', reviewers: ['S0LEADS'], needed: 2 },
      { decision: 'ask', reviewers: ['S0LEADS'], needed: 2 },
    ],
    [
      { decision: 'allow', maximum: '1h', reasons: ['level 1'] },
      { decision: 'allow', max: HOUR, reasons: ['level 1'] },
    ],
  ])('%j', (said, expected) => {
    expect(readAnswer(said)).toMatchObject({ known: true, value: expected });
  });

  test.each([
    [undefined],
    [null],
    [true],
    ['allow'],
    [{}],
    [{ allow: 'true' }],
    [{ allow: 1 }],
    [{ allow: true, ttl: 'for ever' }],
    [{ allow: true, surprise: 1 }],
    [{ allow: true, decision: 'deny' }],
    [{ decision: 'yes' }],
    [{ decision: 'ask' }],
    [{ decision: 'ask', reviewers: ['<!channel>'] }],
    [[{ allow: true }]],
  ])('nonsense never allows: %j', (said) => {
    expect(readAnswer(said)).toMatchObject({ known: false });
  });
});

test('the document holds person, role, time and on-call entries as PagerDuty has them', () => {
  expect(inputDocument(question(2))).toMatchSnapshot();
  expect(inputDocument({ ...question(2), onCall: unknown('PagerDuty is down') })).toMatchObject({
    oncalls: [],
    oncalls_known: false,
    problems: ['PagerDuty is down'],
  });
  expect(inputDocument({ ...question(2), incident: unknown('that is no incident') })).toMatchObject({
    oncalls_known: true,
    incident: null,
    problems: ['that is no incident'],
  });
});

describe('over the REST API', () => {
  let server: Server;
  let asked: { url: string | undefined; body: unknown }[];
  let answer: (response: ServerResponse) => void;
  let target: OpaTarget;
  beforeEach(async () => {
    asked = [];
    server = createServer(async (request: IncomingMessage, response) => {
      asked.push({ url: `${request.method} ${request.url}`, body: JSON.parse(await readBody(request)) });
      answer(response);
    });
    target = { kind: 'rest', url: `http://127.0.0.1:${await listen(server)}`, path: 'jit/decision', timeout: 300 };
  });
  afterEach(() => closeServer(server));
  const json = (status: number, body: unknown) => (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

  test('asks for the rule with the document as input, and takes its answer', async () => {
    answer = json(200, { result: { allow: true, ttl: '60s' } });
    expect(await engine.ask(target, question(1))).toMatchObject({
      known: true,
      value: { decision: 'allow', max: MINUTE },
    });
    expect(asked).toMatchObject([
      {
        url: 'POST /v1/data/jit/decision',
        body: { input: { role: { key: 'payments-db/read' }, oncalls: [{ escalation_level: 1 }] } },
      },
    ]);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['an undefined rule', json(200, {})],
    ['an error of the policy', json(500, { code: 'internal_error', message: 'rego error' })],
    ['a wrong path', json(404, { code: 'resource_not_found', message: 'x' })],
    [
      'a page of HTML',
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hello</h1>'),
    ],
    ['an answer cut off', (response) => response.destroy()],
    ['no answer in time', () => undefined],
    ['a yes that is none', json(200, { result: { allow: 'true' } })],
  ])('%s is not a yes', async (_name, broken) => {
    answer = broken;
    expect(await engine.ask(target, question(1))).toMatchObject({ known: false });
  });

  test('a server that is not there is not a yes', async () => {
    expect(await engine.ask({ ...target, url: 'http://127.0.0.1:9' } as OpaTarget, question(1))).toMatchObject({
      known: false,
    });
  });
});

describe('as a compiled policy', () => {
  const wasm = (entrypoint: string | null, file = 'onCall.wasm'): OpaTarget => ({ kind: 'wasm', file, entrypoint });

  test('the worked example: the level or above is allowed, everybody else denied', async () => {
    expect(await engine.ask(wasm(null), question(1))).toMatchObject({
      known: true,
      value: { decision: 'allow', max: 30 * MINUTE },
    });
    expect(await engine.ask(wasm('jit/decision'), question(null))).toMatchObject({
      known: true,
      value: { decision: 'deny' },
    });
  });

  test('who asks at the same time as somebody else gets their own answer', async () => {
    const answers = await Promise.all([1, null, 1, null].map((level) => engine.ask(wasm(null), question(level))));
    expect(answers.map((one) => one.known && one.value.decision)).toEqual(['allow', 'deny', 'allow', 'deny']);
  });

  test('a file that has changed is read anew', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jitbot-opa-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'policy.wasm');
    copyFileSync(new URL('onCall.wasm', import.meta.url), file);
    utimesSync(file, 1, 1);
    expect(await engine.ask(wasm(null, file), question(1))).toMatchObject({ known: true });
    writeFileSync(file, 'no module any more');
    expect(await engine.ask(wasm(null, file), question(1))).toMatchObject({ known: false });
  });

  test('one that never ends is ended, and the next question is answered', async () => {
    expect(await engine.ask(wasm('jit/endless'), question(1))).toMatchObject({ known: false });
    expect(await engine.ask(wasm(null), question(1))).toMatchObject({ known: true });
  });

  test.each([
    ['nonsense', wasm('jit/nonsense')],
    ['an entrypoint that there is not', wasm('jit/other')],
    ['a file that there is not', wasm(null, 'nothing.wasm')],
    ['a file that is no module', wasm(null, 'engine.test.ts')],
  ])('%s is not a yes', async (_name, target) => {
    expect(await engine.ask(target, question(1))).toMatchObject({ known: false });
  });
});
