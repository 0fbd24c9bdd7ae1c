/** Files and answers that no sane person or service writes: a word on what is wrong, never a crash, never a yes. */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { webhook } from '../../src/provisioners/webhook/provisioner.ts';
import { closeServer, listen } from '../../src/sandbox/http.ts';
import { useForTests } from '../provisioners/contract.ts';

const SOURCE = readFileSync(new URL('../../src/sandbox/policy.yaml', import.meta.url), 'utf8');
const VARIABLES = {
  PAYMENTS_DB_URL: 'postgres://a:b@localhost/p',
  ORDERS_DB_URL: 'postgres://a:b@localhost/o',
  FLAGS_URL: 'http://localhost:1',
  FLAGS_SECRET: 'sixteen-characters-at-least',
};
const parse = (source: string) => parsePolicy(source, PROVISIONERS, VARIABLES);

test('a mangled policy file is a policy, or a list of issues with their lines', () => {
  const lines = SOURCE.split('\n');
  const junk = fc.constantFrom(
    '',
    '- ',
    '  ',
    '{',
    '[]',
    'null',
    '*x',
    '&x',
    '!!js/function x',
    '$'.concat('{NOPE}'),
    '<<: *x',
    'true',
    '-1',
    '9e99',
    '"\\u0000"',
    '__proto__: {}',
    'rules: []',
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(lines.length - 1), fc.constantFrom('cut', 'double', 'junk', 'shift'), junk), {
        minLength: 1,
        maxLength: 4,
      }),
      (edits) => {
        const mangled = [...lines];
        for (const [at, how, what] of edits) {
          const line = mangled[at] ?? '';
          if (how === 'cut') mangled.splice(at, 1);
          else if (how === 'double') mangled.splice(at, 0, line);
          else if (how === 'shift') mangled[at] = ` ${line}`;
          else mangled[at] = line.replace(/[^ :-][^:]*$/, what);
        }
        const result = parse(mangled.join('\n'));
        if ('issues' in result) {
          expect(result.issues.length).toBeGreaterThan(0);
          for (const { line, message } of result.issues) {
            expect(line).toBeGreaterThan(0);
            expect(message).not.toBe('');
          }
        } else expect(result.policy.resources.size).toBeGreaterThan(0);
      },
    ),
    { numRuns: 150 },
  );
});

test('text of any kind is no policy, and is told so', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.constant('a: &x [*x]'), fc.constant('\u0000')), (source) => {
      expect(parse(source)).toHaveProperty('issues');
    }),
    { numRuns: 200 },
  );
});

test('whatever a target answers, only a clear yes is one', async () => {
  let answer = { status: 200, body: '' };
  const server = createServer((_request, response) => response.writeHead(answer.status).end(answer.body));
  const url = `http://127.0.0.1:${await listen(server)}`;
  const connection = webhook.connect(
    webhook.targetSchema.parse({ kind: 'webhook', url, secret: 'sixteen-characters-at-least' }),
    useForTests(),
  );
  const access = {
    grantId: 'G1',
    requestId: 'R1',
    person: { slackId: 'U1', name: 'A', email: 'a@x' },
    role: {},
    roleKey: 'a/b',
  };
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom(
      '{"active":"true"}',
      '{"active":1}',
      '[{"active":true}]',
      '{"active":null}',
      '<html>',
      '{"active":true',
      '{"Active":true}',
    ),
  );
  await fc.assert(
    fc.asyncProperty(body, fc.constantFrom(200, 201, 404, 500, 503), async (text, status) => {
      answer = { status, body: text };
      const said = await connection.grant(access, Date.now()).then(
        () => 'yes',
        (error: Error) => error.message,
      );
      expect(said).not.toBe('yes');
      expect(said).toContain('127.0.0.1');
    }),
    { numRuns: 100 },
  );
  await connection.close();
  await closeServer(server);
});
