import type { IdentitystoreClient } from '@aws-sdk/client-identitystore';
import type { AccountAssignmentOperationStatus, SSOAdminClient } from '@aws-sdk/client-sso-admin';
import { z } from 'zod';
import { HOUR, MINUTE, type Millis, SECOND } from '../../domain/terms.ts';
import type { Finding } from '../../ports.ts';
import { membership, type Roster } from '../membership.ts';
import { type Connection, type ListedRole, type Provisioner, TargetRefusal, type Use } from '../provisioner.ts';
import { askAws, clientOptions } from './client.ts';

const targetSchema = z.strictObject({
  kind: z.literal('aws_identity_center'),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected a region such as eu-central-1'),
  instance: z.string().regex(/^arn:aws[a-z-]*:sso:::instance\/ssoins-[0-9a-f]+$/, 'expected the ARN of the instance'),
  identity_store: z.string().regex(/^d-[0-9a-z]+$/, 'expected the id of the identity store (d-…)'),
  /** The longest session of the permission sets that are granted: AWS does not end sessions. */
  session: z
    .string()
    .regex(/^([1-9]|1[0-2])h$/, 'expected hours, such as 1h')
    .default('1h'),
  /** What people are called in Identity Center. */
  account: z
    .string()
    .regex(/\{[a-z_]+\}/, 'expected a template such as "{email}"')
    .default('{email}'),
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
});

const roleSchema = z.strictObject({
  assignments: z
    .array(
      z.strictObject({
        account: z.string().regex(/^\d{12}$/, 'expected the twelve digits of an AWS account, in quotes'),
        permission_set: z
          .string()
          .regex(/^arn:aws[a-z-]*:sso:::permissionSet\/\S+$/, 'expected the ARN of a permission set'),
      }),
    )
    .min(1, 'name at least one assignment'),
});

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const SERVICE = 'AWS Identity Center';
const ASSIGNED = 'assigned';
/** AWS assigns and takes away in the background; usually it takes seconds. How often, and how long, that is looked at. */
interface Polling {
  readonly every: Millis;
  readonly until: Millis;
}
const POLLING: Polling = { every: SECOND, until: 90 * SECOND };

/** Assignments of permission sets in accounts, of people in AWS Identity Center. */
export const awsIdentityCenter: Provisioner<Target, Role> = {
  kind: 'aws_identity_center',
  targetSchema,
  roleSchema,
  packages: ['@aws-sdk/client-sso-admin', '@aws-sdk/client-identitystore'],
  accountTemplate: ({ account }) => account,
  connect: connectIdentityCenter,
};

export function connectIdentityCenter(
  target: Target,
  { seats, accountOf }: Use,
  polling: Polling = POLLING,
): Connection<Role> {
  const api = createApi(target, polling);
  return {
    ...membership(rosterOf(target, api), { seats, accountOf: ({ person }) => accountOf(target.account, person) }),
    afterlife: sessionOf(target),
    check: (roles) => check(target, api, roles),
    close: api.close,
  };
}

const sessionOf = ({ session }: Target): Millis => Number.parseInt(session, 10) * HOUR;

type Api = ReturnType<typeof createApi>;

/** The packages are loaded with the first call: who uses no such target need not have them. */
function createApi(target: Target, polling: Polling) {
  let opened: Promise<{ sso: SSOAdminClient; store: IdentitystoreClient }> | null = null;
  const open = () => {
    opened ??= Promise.all([import('@aws-sdk/client-sso-admin'), import('@aws-sdk/client-identitystore')]).then(
      ([{ SSOAdminClient: Sso }, { IdentitystoreClient: Store }]) => ({
        sso: new Sso(clientOptions(target)),
        store: new Store(clientOptions(target)),
      }),
    );
    return opened;
  };
  const commands = () => import('@aws-sdk/client-sso-admin');
  const instance = { InstanceArn: target.instance };

  async function* pages<Page extends { NextToken?: string | undefined }>(
    ask: (page: { NextToken?: string }) => Promise<Page | null>,
  ): AsyncGenerator<Page> {
    let next: string | undefined;
    do {
      const page = await ask(next === undefined ? {} : { NextToken: next });
      if (!page) return;
      yield page;
      next = page.NextToken;
    } while (next !== undefined);
  }

  async function isBeingAssigned({ account, permissionSet }: Place, userId: string): Promise<boolean> {
    const { sso } = await open();
    const { DescribeAccountAssignmentCreationStatusCommand, ListAccountAssignmentCreationStatusCommand } =
      await commands();
    for await (const page of pages((next) =>
      askAws(SERVICE, () =>
        sso.send(
          new ListAccountAssignmentCreationStatusCommand({ ...instance, Filter: { Status: 'IN_PROGRESS' }, ...next }),
        ),
      ),
    ))
      for (const { RequestId: id } of page.AccountAssignmentsCreationStatus ?? []) {
        const answer = await askAws(SERVICE, () =>
          sso.send(
            new DescribeAccountAssignmentCreationStatusCommand({
              ...instance,
              AccountAssignmentCreationRequestId: id,
            }),
          ),
        );
        const one = answer?.AccountAssignmentCreationStatus;
        if (one?.PrincipalId === userId && one.TargetId === account && one.PermissionSetArn === permissionSet)
          return true;
      }
    return false;
  }

  return {
    /** null: Identity Center has nobody of that name. */
    userId: async (name: string): Promise<string | null> => {
      const { store } = await open();
      const { GetUserIdCommand } = await import('@aws-sdk/client-identitystore');
      const found = await askAws(
        SERVICE,
        () =>
          store.send(
            new GetUserIdCommand({
              IdentityStoreId: target.identity_store,
              AlternateIdentifier: { UniqueAttribute: { AttributePath: 'userName', AttributeValue: name } },
            }),
          ),
        'ResourceNotFoundException',
      );
      return found?.UserId ?? null;
    },
    userName: async (userId: string): Promise<string> => {
      const { store } = await open();
      const { DescribeUserCommand } = await import('@aws-sdk/client-identitystore');
      const found = await askAws(SERVICE, () =>
        store.send(new DescribeUserCommand({ IdentityStoreId: target.identity_store, UserId: userId })),
      );
      return found?.UserName ?? userId;
    },
    assignedUsers: async ({ account, permissionSet }: Place): Promise<string[]> => {
      const { sso } = await open();
      const { ListAccountAssignmentsCommand } = await commands();
      const found: string[] = [];
      const wanted = { ...instance, AccountId: account, PermissionSetArn: permissionSet };
      for await (const page of pages((next) =>
        askAws(SERVICE, () => sso.send(new ListAccountAssignmentsCommand({ ...wanted, ...next }))),
      ))
        for (const { PrincipalType, PrincipalId } of page.AccountAssignments ?? [])
          if (PrincipalType === 'USER' && PrincipalId) found.push(PrincipalId);
      return found;
    },
    /** Waits until nobody is at assigning them any more: what an earlier try began may still come true. */
    awaitAssigning: (place: Place, userId: string): Promise<void> =>
      poll('assigning', polling, async () => !(await isBeingAssigned(place, userId))),
    assign: async (place: Place, userId: string): Promise<void> => {
      const { sso } = await open();
      const { CreateAccountAssignmentCommand, DescribeAccountAssignmentCreationStatusCommand } = await commands();
      const begun = await askAws(SERVICE, () =>
        sso.send(new CreateAccountAssignmentCommand({ ...instance, ...assignment(place, userId) })),
      );
      await settled('assigning', polling, begun?.AccountAssignmentCreationStatus, async (id) => {
        const answer = await askAws(SERVICE, () =>
          sso.send(
            new DescribeAccountAssignmentCreationStatusCommand({ ...instance, AccountAssignmentCreationRequestId: id }),
          ),
        );
        return answer?.AccountAssignmentCreationStatus;
      });
    },
    unassign: async (place: Place, userId: string): Promise<void> => {
      const { sso } = await open();
      const { DeleteAccountAssignmentCommand, DescribeAccountAssignmentDeletionStatusCommand } = await commands();
      const begun = await askAws(
        SERVICE,
        () => sso.send(new DeleteAccountAssignmentCommand({ ...instance, ...assignment(place, userId) })),
        'ResourceNotFoundException',
      );
      if (begun === null) return;
      await settled('taking an assignment away', polling, begun.AccountAssignmentDeletionStatus, async (id) => {
        const answer = await askAws(SERVICE, () =>
          sso.send(
            new DescribeAccountAssignmentDeletionStatusCommand({ ...instance, AccountAssignmentDeletionRequestId: id }),
          ),
        );
        return answer?.AccountAssignmentDeletionStatus;
      });
    },
    /** In ISO 8601, such as PT1H. */
    sessionDuration: async (permissionSet: string): Promise<string> => {
      const { sso } = await open();
      const { DescribePermissionSetCommand } = await commands();
      const found = await askAws(SERVICE, () =>
        sso.send(new DescribePermissionSetCommand({ ...instance, PermissionSetArn: permissionSet })),
      );
      return found?.PermissionSet?.SessionDuration ?? 'PT1H';
    },
    close: async (): Promise<void> => {
      const { sso, store } = (await opened) ?? {};
      sso?.destroy();
      store?.destroy();
    },
  };
}

interface Place {
  readonly account: string;
  readonly permissionSet: string;
}

const assignment = ({ account, permissionSet }: Place, userId: string) => ({
  TargetType: 'AWS_ACCOUNT' as const,
  TargetId: account,
  PermissionSetArn: permissionSet,
  PrincipalType: 'USER' as const,
  PrincipalId: userId,
});

/** Waits for what AWS does in the background. @throws where it failed, or is not over in time: then it may still happen */
async function settled(
  what: string,
  polling: Polling,
  begun: AccountAssignmentOperationStatus | undefined,
  look: (id: string) => Promise<AccountAssignmentOperationStatus | undefined>,
): Promise<void> {
  let status = begun;
  const id = begun?.RequestId ?? '';
  await poll(what, polling, async () => {
    if (status?.Status !== 'IN_PROGRESS') return true;
    status = await look(id);
    return status?.Status !== 'IN_PROGRESS';
  });
  if (status?.Status !== 'SUCCEEDED')
    throw new Error(`${SERVICE}: ${what} failed: ${status?.FailureReason ?? 'AWS does not say why'}`);
}

/** @throws where it is not over in time */
async function poll(what: string, { every, until }: Polling, isOver: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await isOver()); waited += every) {
    if (waited >= until) throw new Error(`${SERVICE}: ${what} is not over after ${until / SECOND} s`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

const placeOf = (place: string): Place => {
  const [account = '', permissionSet = ''] = place.split(' ');
  return { account, permissionSet };
};

function rosterOf({ instance }: Target, api: Api): Roster<Role> {
  return {
    scope: `aws_identity_center ${instance}`,
    levels: [ASSIGNED],
    expires: false,
    seats: ({ assignments }) =>
      assignments.map(({ account, permission_set }) => ({ place: `${account} ${permission_set}`, level: ASSIGNED })),
    level: async (place, name) => {
      const userId = await api.userId(name);
      if (userId === null) return null;
      await api.awaitAssigning(placeOf(place), userId);
      return (await api.assignedUsers(placeOf(place))).includes(userId) ? ASSIGNED : null;
    },
    set: async (place, name, level) => {
      const userId = await api.userId(name);
      if (userId === null) {
        if (level === null) return;
        throw new TargetRefusal(`Identity Center has no user ${name}`);
      }
      await (level === null ? api.unassign(placeOf(place), userId) : api.assign(placeOf(place), userId));
    },
    members: async (place) =>
      Promise.all(
        (await api.assignedUsers(placeOf(place))).map(async (id) => ({
          account: await api.userName(id),
          level: ASSIGNED,
        })),
      ),
  };
}

/** What it may write, AWS does not say without writing; that it reads, and how long sessions are, is asked. */
async function check(target: Target, api: Api, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const seats = roles.flatMap(({ role }) => role.assignments);
  const sets = [...new Set(seats.map(({ permission_set }) => permission_set))];
  const accounts = [...new Map(seats.map((one) => [`${one.account} ${one.permission_set}`, one])).values()];
  await api.userId('jit doctor');
  return [
    { ok: true, what: 'the bot may look people up in the identity store' },
    ...(await Promise.all(
      accounts.map(async ({ account, permission_set: permissionSet }): Promise<Finding> => {
        await api.assignedUsers({ account, permissionSet });
        return { ok: true, what: `the bot sees who has ${permissionSet} in ${account}` };
      }),
    )),
    ...(await Promise.all(
      sets.map(async (permissionSet): Promise<Finding> => {
        const text = await api.sessionDuration(permissionSet);
        return {
          ok: isoMillis(text) <= sessionOf(target),
          what: `sessions with ${permissionSet} last at most ${target.session}`,
          fix: `They last ${text}. Shorten them there, or say so with session in the target: people are told how long sessions live on.`,
        };
      }),
    )),
  ];
}

/** `PT1H30M` */
function isoMillis(text: string): Millis {
  const [, hours = '0', minutes = '0'] = /^PT(?:(\d+)H)?(?:(\d+)M)?/.exec(text) ?? [];
  return Number(hours) * HOUR + Number(minutes) * MINUTE;
}
