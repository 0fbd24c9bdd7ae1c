/**
 * The part of AWS Identity Center, its identity store, and IAM that is about who is in what, written from the published API
 * descriptions: what is assigned in the background, what is paged, and which errors are which, is as there.
 */

import { createServer } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { createWire, type Wire } from './wire.ts';

export interface FakeAws {
  readonly url: string;
  /** Identity Center: `user-id account permission-set`. */
  readonly assignments: Set<string>;
  /** Identity Center: who has which user name. */
  readonly people: Map<string, string>;
  /** IAM: by the group's id, its name and the ids of its users. */
  readonly groups: Map<string, { name: string; readonly users: Set<string> }>;
  /** IAM: the names of users, by id. */
  readonly users: Map<string, string>;
  /** Actions that the bot's credentials may not do (any more). */
  readonly denied: Set<string>;
  /** The account of the credentials. */
  account: string;
  /** What answers every question of an action in AWS's stead. */
  readonly instead: Map<string, string>;
  /** Happens right before an action of IAM. */
  onAsked: (action: string) => void;
  /** Actions that are refused with this. */
  readonly refused: Map<string, string>;
  /** How many looks a change in the background takes. */
  slowness: number;
  /** Whether such changes come to nothing. */
  failing: boolean;
  /** Lets everything in the background happen. */
  finish(): void;
  down: boolean;
  readonly wire: Wire;
  close(): Promise<void>;
}

interface Operation {
  readonly kind: 'create' | 'delete';
  readonly body: Record<string, string>;
  looksLeft: number;
  status: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED';
}

/** So many a page, so that whoever forgets the rest is noticed. */
const PAGE = 1;

export async function startAws(): Promise<FakeAws> {
  const assignments = new Set<string>();
  const people = new Map([
    ['ben@harbor.example', 'user-ben'],
    ['eve@harbor.example', 'user-eve'],
  ]);
  const groups: FakeAws['groups'] = new Map([
    ['AGPAADMINS', { name: 'admins', users: new Set<string>(['AIDAEVE']) }],
    ['AGPAPAYMENTS', { name: 'payments', users: new Set<string>() }],
  ]);
  const users = new Map([
    ['AIDABEN', 'ben'],
    ['AIDAEVE', 'eve'],
  ]);
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
      if (/\s/.test(UniqueAttribute.AttributeValue))
        throw new AwsError('ValidationException', 'userName must satisfy its regular expression pattern');
      const id = people.get(UniqueAttribute.AttributeValue);
      if (!id) throw new AwsError('ResourceNotFoundException', 'USER not found');
      return { UserId: id };
    },
    'AWSIdentityStore.DescribeUser': ({ UserId }) => {
      const UserName = [...people].find(([, id]) => id === UserId)?.[0];
      if (!UserName) throw new AwsError('ResourceNotFoundException', 'USER not found');
      return { UserId, UserName };
    },
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
    'SWBExternalService.ListAccountAssignmentCreationStatus': (body) => {
      const { Filter } = body as unknown as { Filter?: { Status?: string } };
      const wanted = ({ kind, status }: Operation) => kind === 'create' && status === (Filter?.Status ?? status);
      const found = [...operations].filter(([, one]) => wanted(one));
      return { AccountAssignmentsCreationStatus: found.map(([id, { status }]) => ({ RequestId: id, Status: status })) };
    },
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

  const date = '<Path>/</Path><CreateDate>2026-01-01T00:00:00Z</CreateDate>';
  const userXml = (id: string) =>
    `<UserName>${users.get(id)}</UserName><UserId>${id}</UserId><Arn>arn:aws:iam::${aws.account}:user/${users.get(id)}</Arn>${date}`;
  const groupXml = (id: string) => {
    const name = groups.get(id)?.name;
    return `<GroupName>${name}</GroupName><GroupId>${id}</GroupId><Arn>arn:aws:iam::${aws.account}:group/${name}</Arn>${date}`;
  };
  /** One page, as IAM cuts it. */
  function pageXml(tag: string, all: readonly string[], xml: (id: string) => string, marker: string | null): string {
    const from = Number(marker ?? 0);
    const page = all.slice(from, from + PAGE).map((id) => `<member>${xml(id)}</member>`);
    const more = from + PAGE < all.length;
    return `<${tag}>${page.join('')}</${tag}><IsTruncated>${more}</IsTruncated>${more ? `<Marker>${from + PAGE}</Marker>` : ''}`;
  }

  function iam(form: URLSearchParams): string {
    const [action, marker] = [form.get('Action') ?? '', form.get('Marker')];
    aws.onAsked(action);
    if (aws.denied.has(action)) throw new AwsError('AccessDenied', `not authorized to perform: iam:${action}`);
    const instead = aws.instead.get(action);
    if (instead !== undefined) return instead;
    const name = form.get('UserName') ?? 'none';
    if (!/^[\w+=,.@-]+$/.test(name))
      throw new AwsError(
        'ValidationError',
        'The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-',
      );
    // Every other name is one that IAM does not know.
    const groupId = [...groups].find(([, { name }]) => name === form.get('GroupName'))?.[0] ?? '';
    const userId = [...users].find(([, name]) => name === form.get('UserName'))?.[0] ?? '';
    if (form.has('GroupName') && !groupId)
      throw new AwsError('NoSuchEntity', `The group with name ${form.get('GroupName')} cannot be found.`);
    if (form.has('UserName') && !userId)
      throw new AwsError('NoSuchEntity', `The user with name ${form.get('UserName')} cannot be found.`);
    const members = groups.get(groupId)?.users ?? new Set<string>();
    switch (action) {
      case 'AddUserToGroup':
        members.add(userId);
        return '';
      case 'RemoveUserFromGroup':
        if (!members.delete(userId)) throw new AwsError('NoSuchEntity', 'the user is not in the group');
        return '';
      case 'GetUser':
        return `<User>${userXml(userId)}</User>`;
      case 'ListUsers':
        return pageXml('Users', [...users.keys()], userXml, marker);
      case 'ListGroups':
        return pageXml('Groups', [...groups.keys()], groupXml, marker);
      case 'ListGroupsForUser': {
        const found = [...groups].flatMap(([id, group]) => (group.users.has(userId) ? [id] : []));
        return pageXml('Groups', found, groupXml, marker);
      }
      case 'GetGroup':
        return `<Group>${groupXml(groupId)}</Group>${pageXml('Users', [...members], userXml, marker)}`;
      default:
        throw new AwsError('InvalidAction', action);
    }
  }

  const server = createServer(async (request, response) => {
    if (aws.down) return void request.socket.destroy();
    if (aws.wire.takes(request, response)) return;
    const text = await readBody(request);
    const isJson = request.headers['x-amz-target'] !== undefined;
    const type = isJson ? 'application/x-amz-json-1.1' : 'text/xml';
    try {
      if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 '))
        throw new AwsError('UnrecognizedClientException', 'not signed');
      if (isJson) {
        const name = String(request.headers['x-amz-target']);
        const call = calls[name];
        const [, action = ''] = name.split('.');
        if (aws.denied.has(action)) throw new AwsError('AccessDeniedException', `not authorized to perform ${action}`);
        const refused = aws.refused.get(action);
        if (refused !== undefined) return void response.writeHead(400, { 'content-type': type }).end(refused);
        const instead = aws.instead.get(action);
        if (instead !== undefined) return void response.writeHead(200, { 'content-type': type }).end(instead);
        if (!call) throw new AwsError('UnknownOperationException', name);
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
    people,
    groups,
    users,
    denied: new Set(),
    account: '111111111111',
    instead: new Map(),
    onAsked: () => undefined,
    refused: new Map(),
    slowness: 1,
    failing: false,
    finish: () => {
      for (const operation of operations.values()) finish(operation);
    },
    down: false,
    wire: createWire(),
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
