import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { chanceFrom } from '../simulation/chance.ts';

/** Raw bytes for the bot's port: what clients, proxies, scanners and attackers send, and what none would. */
export interface Seed {
  readonly name: string;
  /** Written one after the other, each after the one before has left. */
  readonly parts: readonly (string | Buffer)[];
}

export type Sign = (body: string | Buffer) => string;

/** Header lines as Slack signs a body, each with its line end. */
export const slackSignature =
  (secret: string, now: () => number): Sign =>
  (body) => {
    const timestamp = String(Math.floor(now() / 1000));
    const signature = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex');
    return `x-slack-request-timestamp: ${timestamp}\r\nx-slack-signature: v0=${signature}\r\n`;
  };

export const pagerDutySignature =
  (secret: string): Sign =>
  (body) =>
    `x-pagerduty-signature: v1=${createHmac('sha256', secret).update(body).digest('hex')}\r\n`;

const head = (method: string, path: string, lines = ''): string =>
  `${method} ${path} HTTP/1.1\r\nhost: bot.example\r\n${lines}\r\n`;
const JSON_TYPE = 'content-type: application/json\r\n';
const FORM_TYPE = 'content-type: application/x-www-form-urlencoded\r\n';
const chunked = (body: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`${Buffer.byteLength(body).toString(16)}\r\n`),
    Buffer.from(body),
    Buffer.from('\r\n0\r\n\r\n'),
  ]);

const METHODS = [
  'GET',
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'M-SEARCH',
  'BREW',
];

/** Bodies that are signed and are not what a sender means. */
const BODIES: readonly (string | Buffer)[] = [
  'null',
  'true',
  '0',
  '1e400',
  '"text"',
  '[]',
  '[null]',
  '{}',
  '',
  '{',
  '{"event":null}',
  '{"event":{"type":null}}',
  '{"event":{"type":"app_home_opened"}}',
  '{"type":"event_callback","event":{"type":"user_change","user":null}}',
  '{"type":"event_callback","event":{"type":"message","channel":null,"item":3}}',
  '{"type":"block_actions","actions":null}',
  '{"type":"block_actions","actions":[null],"user":null}',
  '{"type":"view_submission","view":null,"user":null}',
  '{"type":"view_submission","user":{"id":5},"view":{"id":5,"callback_id":"freeze_modal","state":null}}',
  '{"type":"block_suggestion","value":7,"action_id":"request_role"}',
  '{"type":"shortcut","callback_id":"request_access"}',
  '{"type":"url_verification","challenge":{"a":[]}}',
  '{"command":null}',
  '{"command":"/jit","text":null}',
  '{"is_enterprise_install":{"a":1},"authorizations":"x"}',
  '{"__proto__":{"command":"/jit"},"constructor":null}',
  `${'['.repeat(400_000)}`,
  `${'{"a":'.repeat(100_000)}null${'}'.repeat(100_000)}`,
  Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, 0x7b, 0x7d]),
  '{"event":{"event_type":"incident.resolved","data":null}}',
  '{"event":{"event_type":7,"data":{"id":["P"],"type":"incident"}}}',
];

/** @param path where the bot takes deliveries that are signed so */
export function corpus(path: string, sign: Sign): Seed[] {
  const post = (lines: string) => head('POST', path, lines);
  const whole = (body: string | Buffer, type: string): (string | Buffer)[] => [
    post(`${type}${sign(body)}content-length: ${Buffer.byteLength(body)}\r\n`),
    body,
  ];
  const form = (body: string | Buffer): Buffer =>
    Buffer.concat([Buffer.from('payload='), Buffer.from(encodeURIComponent(body.toString('latin1')))]);
  const seeds: [string, (string | Buffer)[]][] = [
    ...METHODS.flatMap((method): [string, string[]][] => [
      [`${method}`, [head(method, path)]],
      [`${method} of everything`, [head(method, '*')]],
      [`${method} with a body`, [head(method, path, `content-length: 4\r\n${JSON_TYPE}`), 'null']],
    ]),
    ...BODIES.flatMap((body, index): [string, (string | Buffer)[]][] => [
      [`signed body ${index}`, whole(body, JSON_TYPE)],
      [`signed body ${index} without a type`, whole(body, '')],
      [`signed body ${index} of another type`, whole(body, 'content-type: multipart/form-data; boundary=x\r\n')],
      [`signed body ${index} in a form`, whole(form(body), FORM_TYPE)],
      [
        `signed body ${index} in chunks`,
        [post(`${JSON_TYPE}${sign(body)}transfer-encoding: chunked\r\n`), chunked(body)],
      ],
    ]),
    ['unsigned', [post(`${JSON_TYPE}content-length: 2\r\n`), '{}']],
    ['unsigned in chunks that never end', [post('transfer-encoding: chunked\r\n'), 'fffff\r\n', 'x'.repeat(200_000)]],
    ['two signatures', [post(`${sign('{}')}${sign('{}')}content-length: 2\r\n`), '{}']],
    ['two lengths', [post(`${sign('{}')}content-length: 2\r\ncontent-length: 3\r\n`), '{}']],
    [
      'a length and chunks',
      [post(`${sign('{}')}content-length: 2\r\ntransfer-encoding: chunked\r\n`), '2\r\n{}\r\n0\r\n\r\n'],
    ],
    ['a length that is none', [post('content-length: -1\r\n'), 'x']],
    ['a length beyond counting', [post(`content-length: ${'9'.repeat(30)}\r\n`), 'x']],
    ['a chunk longer than counting', [post('transfer-encoding: chunked\r\n'), `${'f'.repeat(40)}\r\nx`]],
    ['more than it announced', [post(`${sign('{}')}content-length: 2\r\n`), `{}${'x'.repeat(1_000)}`]],
    ['less than it announced, then gone', [post(`${sign('{}')}content-length: 200\r\n`), '{}']],
    ['expects a word first', [post(`${sign('{}')}content-length: 2\r\nexpect: 100-continue\r\n`), '{}']],
    ['expects a word first, unsigned', [post('content-length: 900000\r\nexpect: 100-continue\r\n')]],
    ['expects something else', [post('content-length: 2\r\nexpect: the-inquisition\r\n')]],
    [
      'an upgrade to a socket',
      [
        head(
          'GET',
          path,
          'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: eA==\r\nsec-websocket-version: 13\r\n',
        ),
      ],
    ],
    ['an upgrade to HTTP/2', ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', Buffer.alloc(64)]],
    [
      'an upgrade with a body',
      [post(`connection: upgrade\r\nupgrade: h2c\r\n${sign('null')}content-length: 4\r\n`), 'null'],
    ],
    ['TLS', [Buffer.from('1603010200010001fc0303', 'hex'), Buffer.alloc(200, 7)]],
    ['nothing but line ends', ['\r\n'.repeat(5_000)]],
    ['no host', [`POST ${path} HTTP/1.1\r\n\r\n`]],
    ['an older protocol', [`POST ${path} HTTP/1.0\r\n\r\n`]],
    ['a protocol that is none', [`POST ${path} HTTP/9.9\r\n\r\n`, 'GET\r\n']],
    ['an address in full', [head('POST', `http://elsewhere.example${path}`)]],
    ['an address that is none', [head('POST', '//[::1%]:99999999\\..//?%ff%00')]],
    ['a path of 20 kB', [head('POST', `/${'a'.repeat(20_000)}`)]],
    ['a header of 200 kB', [post(`x-a: ${'a'.repeat(200_000)}\r\n`)]],
    ['5,000 headers', [post('a: 1\r\n'.repeat(5_000))]],
    ['bytes that are no text', [Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 73) % 256))]],
    ['2,000 requests in one go', [head('GET', path).repeat(1_000), post('content-length: 0\r\n').repeat(1_000)]],
    ['signed requests in one go', Array.from({ length: 50 }, () => whole('null', JSON_TYPE)).flat()],
    ['a body of 3 MB', whole('x'.repeat(3_000_000), JSON_TYPE)],
    ['a body of 3 MB in chunks', [post(`${sign('{}')}transfer-encoding: chunked\r\n`), chunked('x'.repeat(3_000_000))]],
    ['200,000 chunks of a byte', [post(`${sign('{}')}transfer-encoding: chunked\r\n`), '1\r\nx\r\n'.repeat(200_000)]],
    ['a trailer', [post(`${sign('{}')}transfer-encoding: chunked\r\ntrailer: x\r\n`), '2\r\n{}\r\n0\r\nx: 1\r\n\r\n']],
    ['a smuggled line', [post(`x: 1\n\nGET ${path} HTTP/1.1\r\n`)]],
  ];
  return seeds.map(([name, parts]) => ({ name, parts }));
}

/** The corpus again, cut off, doubled, and with bytes changed, as a seed decides. */
export function mutated(seeds: readonly Seed[], seed: number, count: number): Seed[] {
  const chance = chanceFrom(seed);
  return Array.from({ length: count }, (_, index) => {
    const from = chance.pick(seeds);
    const bytes = Buffer.concat(from.parts.map((part) => Buffer.from(part))).subarray(0, 100_000);
    for (let flips = chance.int(6); flips > 0; flips -= 1) bytes[chance.int(bytes.length)] = chance.int(256);
    const cut = chance.happens(0.5) ? chance.int(bytes.length + 1) : bytes.length;
    const parts = [bytes.subarray(0, cut), ...(chance.happens(0.2) ? [bytes] : [])];
    return { name: `${from.name}, changed (${seed}/${index})`, parts };
  });
}

/** Long enough for an answer on this machine; whoever gets none goes away. */
const PATIENCE_MS = 500;

/** Sends a seed on a connection of its own. @returns what came back before the connection ended or nothing more came */
export function send(port: number, { parts }: Seed): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    const end = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PATIENCE_MS);
    socket.on('timeout', end);
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1').slice(0, 2_000);
      socket.setTimeout(50);
    });
    // The bot may close a connection in the middle of what it is sent.
    socket.on('error', end);
    socket.on('close', end);
    for (const part of parts) socket.write(part);
  });
}

/** Opens a connection that sends the beginning of a request and no more. Resolves when it is open, or was refused. */
export function halfSent(port: number, beginning: string | Buffer): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(beginning);
      resolve(socket);
    });
    socket.on('error', () => resolve(socket));
  });
}
