/** Puts the report on the pull request: into its own comment from before, or into a new one. */
import { readFileSync } from 'node:fs';
import { annotate } from './text.js';

const { COMMENT = '', PULL_REQUEST = '', TOKEN = '', GITHUB_REPOSITORY = '', GITHUB_GRAPHQL_URL = '' } = process.env;
const TIMEOUT = 30_000;

const COMMENTS = `query ($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    id
    comments(first: 100, after: $after) { nodes { id body viewerDidAuthor } pageInfo { hasNextPage endCursor } }
  } }
}`;
const UPDATE = `mutation ($id: ID!, $body: String!) {
  updateIssueComment(input: { id: $id, body: $body }) { issueComment { url } }
}`;
const ADD = `mutation ($id: ID!, $body: String!) {
  addComment(input: { subjectId: $id, body: $body }) { commentEdge { node { url } } }
}`;

async function ask(query, variables) {
  const answer = await fetch(GITHUB_GRAPHQL_URL, {
    method: 'POST',
    headers: { authorization: `bearer ${TOKEN}`, 'content-type': 'application/json', 'user-agent': 'jitbot-policy' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(TIMEOUT),
  });
  const { data, errors, message } = await answer.json();
  if (!answer.ok || errors || !data)
    throw Object.assign(new Error(errors?.map((one) => one.message).join('. ') ?? message ?? answer.status), {
      isForbidden: errors?.every(({ type }) => type === 'FORBIDDEN') ?? false,
    });
  return data;
}

/** By the first line, and only one that this token wrote: anybody can write that line. */
async function earlier(marker) {
  const [owner, name] = GITHUB_REPOSITORY.split('/');
  let after = null;
  while (true) {
    const { repository } = await ask(COMMENTS, { owner, name, number: Number(PULL_REQUEST), after });
    const { id: pullRequest, comments } = repository.pullRequest;
    const own = comments.nodes.find((one) => one.viewerDidAuthor && one.body.startsWith(marker));
    if (own || !comments.pageInfo.hasNextPage) return { pullRequest, own };
    after = comments.pageInfo.endCursor;
  }
}

/** undefined: it is not known whether there is one from before, and so it may be there. */
let own;
try {
  const body = readFileSync(COMMENT, 'utf8');
  const found = await earlier(body.slice(0, body.indexOf('\n')));
  own = found.own ?? null;
  await (own ? ask(UPDATE, { id: own.id, body }) : ask(ADD, { id: found.pullRequest, body }));
} catch (error) {
  // A pull request from a fork may not be written to. But a comment from an earlier push must not stand as if it were of this one.
  const mayStand = own === undefined ? !error.isForbidden : own !== null;
  process.exitCode = mayStand ? 1 : 0;
  annotate(
    mayStand ? 'error' : 'warning',
    `not posted on the pull request: ${error.message}. The summary of the run has it all.`,
  );
}
