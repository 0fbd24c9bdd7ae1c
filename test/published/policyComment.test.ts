/** The step of the action that writes on the pull request, against GitHub's API on the wire. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../.github/actions/policy/comment.js', import.meta.url));
const MARKER = '<!-- jitbot policy: policy.yaml -->';
const PAGE = 2;

interface Comment {
  readonly id: string;
  readonly viewerDidAuthor: boolean;
  body: string;
}
interface Asked {
  readonly query: string;
  readonly variables: { readonly id?: string; readonly body?: string; readonly after?: string | null };
}

let comments: Comment[];
let refused: (asked: Asked) => boolean;
let refusal: { readonly type?: string; readonly message: string };
let headers: (string | undefined)[];
let server: Server;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-comment-'));
  comments = [];
  headers = [];
  refused = () => false;
  refusal = { type: 'FORBIDDEN', message: 'Resource not accessible by integration' };
  server = createServer(async (request, response) => {
    headers.push(request.headers.authorization);
    const asked = JSON.parse((await request.toArray()).join('')) as Asked;
    const answer = refused(asked) ? { data: null, errors: [refusal] } : { data: answered(asked) };
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function answered({ query, variables }: Asked): object {
  if (query.includes('updateIssueComment')) {
    for (const one of comments) if (one.id === variables.id) one.body = variables.body ?? '';
    return { updateIssueComment: { issueComment: { url: '' } } };
  }
  if (query.includes('addComment')) {
    comments.push({ id: `C${comments.length + 1}`, viewerDidAuthor: true, body: variables.body ?? '' });
    return { addComment: { commentEdge: { node: { url: '' } } } };
  }
  const from = Number(variables.after ?? 0);
  const pageInfo = { hasNextPage: from + PAGE < comments.length, endCursor: `${from + PAGE}` };
  return {
    repository: { pullRequest: { id: 'PR', comments: { nodes: comments.slice(from, from + PAGE), pageInfo } } },
  };
}

function post(text: string): Promise<{ code: number; out: string }> {
  const file = join(folder, 'comment.md');
  writeFileSync(file, `${MARKER}\n${text}\n`);
  const env = {
    ...{ PATH: process.env.PATH, COMMENT: file, PULL_REQUEST: '7', TOKEN: 'a-token', GITHUB_REPOSITORY: 'acme/access' },
    GITHUB_GRAPHQL_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT], { env }, (error, out) =>
      resolve({ code: error ? Number(error.code) : 0, out }),
    );
  });
}
const theirs = (id: string, body: string) => ({ id, viewerDidAuthor: false, body });
const own = (id: string, body: string) => ({ id, viewerDidAuthor: true, body });

test('the first push makes a comment, and the next one writes over it', async () => {
  expect(await post('first')).toEqual({ code: 0, out: '' });
  expect(await post('second')).toEqual({ code: 0, out: '' });
  expect(comments.map(({ body }) => body)).toEqual([`${MARKER}\nsecond\n`]);
  expect(new Set(headers)).toEqual(new Set(['bearer a-token']));
});

test('comments of others, and other ones of the same user, stay as they are', async () => {
  const before = [
    own('C1', 'coverage: 90 %'),
    theirs('C2', `${MARKER}\nnothing changes`),
    own('C3', `<!-- jitbot policy: staging.yaml -->\nstaging`),
    own('C4', `it says:\n${MARKER}`),
  ];
  comments = before.map((one) => ({ ...one }));
  await post('now');
  expect(comments.slice(0, 4)).toEqual(before);
  expect(comments[4]?.body).toBe(`${MARKER}\nnow\n`);
});

test('its own comment is found behind many others', async () => {
  comments = [
    theirs('C1', 'a'),
    theirs('C2', 'b'),
    theirs('C3', 'c'),
    own('C4', `${MARKER}\nbefore`),
    theirs('C5', 'd'),
  ];
  await post('now');
  expect(comments).toHaveLength(5);
  expect(comments[3]?.body).toBe(`${MARKER}\nnow\n`);
});

test('without the right to comment, it says where the text is, and fails nothing', async () => {
  refused = ({ query }) => query.includes('addComment');
  const { code, out } = await post('first');
  expect(code).toBe(0);
  expect(out).toContain('::warning::not posted on the pull request: Resource not accessible by integration');
});

test('a comment of an earlier push that cannot be renewed fails it', async () => {
  comments = [own('C1', `${MARKER}\nbefore`)];
  refused = ({ query }) => query.includes('updateIssueComment');
  const { code, out } = await post('now');
  expect(code).toBe(1);
  expect(out).toContain('::error::not posted');
});

test('where nobody can tell whether an earlier comment stands, it fails', async () => {
  refused = ({ query }) => query.includes('comments(');
  refusal = { message: 'Something went wrong' };
  const { code, out } = await post('now');
  expect(code).toBe(1);
  expect(out).toContain('::error::not posted on the pull request: Something went wrong');
});

test('without the right to read comments there is none of its own, and nothing fails', async () => {
  refused = () => true;
  const { code, out } = await post('now');
  expect(code).toBe(0);
  expect(out).toContain('::warning::not posted');
});
