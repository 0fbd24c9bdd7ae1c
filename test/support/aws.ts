import { createServer } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';

/**
 * The part of AWS Identity Center, its identity store, and IAM that is about who is in what, written from the published API
 * descriptions: what is assigned in the background, what is paged, and which errors are which, is as there.
 */

export interface FakeAws {
  readonly url: string;
  /** Identity Center: `user-id account permission-set`. */
  readonly assignments: Set<string>;
  /** IAM: group → users. */
  readonly groups: Map<string, Set<string>>;
  /** How many looks a change in the background takes. */
  slowness: number;
  /** Whether such changes come to nothing. */
  failing: boolean;
  /** Lets everything in the background happen. */
  finish(): void;
  down: boolean;
  close(): Promise<void>;
}

interface Operation {
  readonly kind: 'create' | 'delete';
  readonly body: Record<string, string>;
  looksLeft: number;
  status: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED';
}

/** User ids by user name, and IAM users. */
export const PEOPLE: Readonly<Record<string, string>> = {
  'ben@harbor.example': 'user-ben',
  'eve@harbor.example': 'user-eve',
};
const IAM_USERS = ['ben', 'eve'];

export async function startAws(): Promise<FakeAws> {
  const assignments = new Set<string>();
  const groups = new Map<string, Set<string>>([['payments', new Set()]]);
  const operations = new Map<string, Operation>();
  let serial = 0;

  const keyOf = ({ PrincipalId, TargetId, PermissionSetArn }: Record<string, string>) =>
    `${PrincipalId} ${TargetId} ${PermissionSetArn}`;

  function finish(operation: Operation): void {
    if (operation.status !== 'IN_PROGRESS') return;
    operation.status = aws.failing ? 'FAILED' : 'SUCCEEDED';
    if (aws.failing) return;
    if (operation.kind === 'create') assignments.add(keyOf(operation.body));
    else assignments.delete(keyOf(operation.body));
  }

  function look(id: string) {
    const operation = operations.get(id);
    if (!operation) throw new AwsError('ResourceNotFoundException', 'no such request');
    operation.looksLeft -= 1;
    if (operation.looksLeft <= 0) finish(operation);
    return {
      RequestId: id,
      Status: operation.status,
      ...operation.body,
      ...(operation.status === 'FAILED' && { FailureReason: 'the account is suspended' }),
    };
  }

  function begin(kind: Operation['kind'], body: Record<string, string>) {
    serial += 1;
    const id = `request-${serial}`;
    operations.set(id, { kind, body, looksLeft: aws.slowness, status: 'IN_PROGRESS' });
    return { RequestId: id, Status: 'IN_PROGRESS', ...body };
  }

  const calls: Record<string, (body: Record<string, string> & { AlternateIdentifier?: never }) => object> = {
    'AWSIdentityStore.GetUserId': (body) => {
      const { UniqueAttribute } = body.AlternateIdentifier as unknown as {
        UniqueAttribute: { AttributeValue: string };
      };
      const id = PEOPLE[UniqueAttribute.AttributeValue];
      if (!id) throw new AwsError('ResourceNotFoundException', 'USER not found');
      return { UserId: id };
    },
    'AWSIdentityStore.DescribeUser': ({ UserId }) => ({
      UserId,
      UserName: Object.entries(PEOPLE).find(([, id]) => id === UserId)?.[0],
    }),
    'SWBExternalService.CreateAccountAssignment': (body) => ({
      AccountAssignmentCreationStatus: begin('create', body),
    }),
    'SWBExternalService.DeleteAccountAssignment': (body) => {
      const isBusy = [...operations.values()].some(
        (one) => one.status === 'IN_PROGRESS' && keyOf(one.body) === keyOf(body),
      );
      if (isBusy) throw new AwsError('ConflictException', 'another change is in progress');
      if (!assignments.has(keyOf(body))) throw new AwsError('ResourceNotFoundException', 'no such assignment');
      return { AccountAssignmentDeletionStatus: begin('delete', body) };
    },
    'SWBExternalService.DescribeAccountAssignmentCreationStatus': (body) => ({
      AccountAssignmentCreationStatus: look(body.AccountAssignmentCreationRequestId ?? ''),
    }),
    'SWBExternalService.DescribeAccountAssignmentDeletionStatus': (body) => ({
      AccountAssignmentDeletionStatus: look(body.AccountAssignmentDeletionRequestId ?? ''),
    }),
    'SWBExternalService.ListAccountAssignmentCreationStatus': () => ({
      AccountAssignmentsCreationStatus: [...operations].flatMap(([id, { kind, status }]) =>
        kind === 'create' && status === 'IN_PROGRESS' ? [{ RequestId: id, Status: status }] : [],
      ),
    }),
    'SWBExternalService.ListAccountAssignments': ({ AccountId, PermissionSetArn, NextToken }) => {
      const all = [...assignments].filter((key) => key.endsWith(` ${AccountId} ${PermissionSetArn}`));
      // One a page, so that whoever forgets the rest is noticed.
      const from = Number(NextToken ?? 0);
      return {
        AccountAssignments: all
          .slice(from, from + 1)
          .map((key) => ({ PrincipalType: 'USER', PrincipalId: key.split(' ')[0] })),
        ...(from + 1 < all.length && { NextToken: String(from + 1) }),
      };
    },
    'SWBExternalService.DescribePermissionSet': ({ PermissionSetArn }) => ({
      PermissionSet: { PermissionSetArn, SessionDuration: PermissionSetArn?.endsWith('long') ? 'PT8H' : 'PT1H' },
    }),
  };

  function iam(form: URLSearchParams): string {
    const group = form.get('GroupName') ?? '';
    const user = form.get('UserName') ?? '';
    const action = form.get('Action') ?? '';
    const members = groups.get(group);
    if (form.has('GroupName') && !members)
      throw new AwsError('NoSuchEntity', `The group with name ${group} cannot be found.`);
    if (form.has('UserName') && !IAM_USERS.includes(user))
      throw new AwsError('NoSuchEntity', `The user with name ${user} cannot be found.`);
    const userXml = (name: string) =>
      `<UserName>${name}</UserName><UserId>A</UserId><Path>/</Path><Arn>arn:aws:iam::1:user/${name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>`;
    const groupXml = (name: string) =>
      `<GroupName>${name}</GroupName><GroupId>G</GroupId><Path>/</Path><Arn>arn:aws:iam::1:group/${name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>`;
    switch (action) {
      case 'AddUserToGroup':
        members?.add(user);
        return '';
      case 'RemoveUserFromGroup':
        if (!members?.delete(user)) throw new AwsError('NoSuchEntity', 'the user is not in the group');
        return '';
      case 'GetUser':
        return `<User>${userXml(user)}</User>`;
      case 'ListGroupsForUser':
        return `<Groups>${[...groups].flatMap(([name, users]) => (users.has(user) ? [`<member>${groupXml(name)}</member>`] : [])).join('')}</Groups><IsTruncated>false</IsTruncated>`;
      case 'GetGroup':
        return `<Group>${groupXml(group)}</Group><Users>${[...(members ?? [])].map((name) => `<member>${userXml(name)}</member>`).join('')}</Users><IsTruncated>false</IsTruncated>`;
      default:
        throw new AwsError('InvalidAction', action);
    }
  }

  const server = createServer(async (request, response) => {
    if (aws.down) return void request.socket.destroy();
    const text = await readBody(request);
    const isJson = request.headers['x-amz-target'] !== undefined;
    const type = isJson ? 'application/x-amz-json-1.1' : 'text/xml';
    try {
      if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 '))
        throw new AwsError('UnrecognizedClientException', 'not signed');
      if (isJson) {
        const call = calls[String(request.headers['x-amz-target'])];
        if (!call) throw new AwsError('UnknownOperationException', String(request.headers['x-amz-target']));
        const answer = JSON.stringify(call(JSON.parse(text)));
        response.writeHead(200, { 'content-type': type }).end(answer);
        return;
      }
      const form = new URLSearchParams(text);
      const action = form.get('Action');
      const answer = `<${action}Response><${action}Result>${iam(form)}</${action}Result></${action}Response>`;
      response.writeHead(200, { 'content-type': type }).end(answer);
    } catch (error) {
      if (!(error instanceof AwsError)) return void response.writeHead(500).end(String(error));
      const body = isJson
        ? JSON.stringify({ __type: error.code, message: error.message })
        : `<ErrorResponse><Error><Type>Sender</Type><Code>${error.code}</Code><Message>${error.message}</Message></Error></ErrorResponse>`;
      response.writeHead(error.code === 'NoSuchEntity' ? 404 : 400, { 'content-type': type }).end(body);
    }
  });

  const aws: FakeAws = {
    url: `http://127.0.0.1:${await listen(server)}`,
    assignments,
    groups,
    slowness: 1,
    failing: false,
    finish: () => {
      for (const operation of operations.values()) finish(operation);
    },
    down: false,
    close: () => closeServer(server),
  };
  return aws;
}

class AwsError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
