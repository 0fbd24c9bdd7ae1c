/** A hostile holder of roles on a project, who may also write its policy. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { googleIam } from '../../src/provisioners/google/iam.ts';
import { accessOf, BEN, inAnHour, newGrantId, useForTests } from '../provisioners/contract.ts';
import { credentialsFor, type FakeGoogle, startGoogle } from '../support/google.ts';
import { grantsOf, type HoldersGrants } from './grants.ts';
import type { Move } from './play.ts';
import { type Arena, describeHostileHolder } from './suite.ts';

const [VIEWER, LOGS] = ['roles/cloudsql.viewer', 'roles/logging.viewer'];
const HOLDER = `user:${BEN.email}`;
const FRIEND = 'user:mallory@harbor.example';
type Binding = FakeGoogle['policy']['bindings'][number];

interface Project extends Arena, HoldersGrants {
  readonly google: FakeGoogle;
  /** Somebody else writes the policy. */
  edit(change: (bindings: Binding[]) => unknown): void;
  /** The bot's bindings of the grant, as long as they carry its title. */
  own(): Binding[];
}

async function begin(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-hostile-'));
  const google = await startGoogle();
  const credentials = join(folder, 'credentials.json');
  writeFileSync(join(folder, 'subject'), 'a token of the machine that the bot runs on');
  writeFileSync(credentials, credentialsFor(google, join(folder, 'subject')));
  google.policy.bindings = [
    { role: VIEWER, members: ['user:ana@harbor.example', 'group:admins@harbor.example'] },
    { role: 'roles/editor', members: ['group:admins@harbor.example'] },
  ];
  const use = useForTests();
  const target = googleIam.targetSchema.parse({
    kind: 'google_iam',
    project: 'harbor-prod',
    credentials,
    endpoint: google.url,
  });
  const connection = googleIam.connect(target, use);
  const role = googleIam.roleSchema.parse({ roles: [VIEWER, LOGS] });
  const eve = { slackId: 'U0EVE', name: 'Eve', email: 'eve@harbor.example' };
  await connection.grant({ ...accessOf(role, newGrantId()), person: eve }, inAnHour());
  const grants = grantsOf(connection, role, googleIam.roleSchema.parse({ roles: [LOGS] }));
  let serial = 0;
  return {
    ...grants,
    google,
    edit: (change) => {
      change(google.policy.bindings);
      serial += 1;
      google.policy.etag = `by-somebody-${serial}`;
    },
    own: () => google.policy.bindings.filter(({ condition }) => condition?.title === `jitbot ${grants.id}`),
    facts: () => factsOf(google),
    uses: () => [VIEWER, LOGS].filter((one) => has(google, HOLDER, one)),
    close: async () => {
      await connection.close();
      await google.close();
      use.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const has = ({ policy }: FakeGoogle, member: string, role: string): boolean =>
  policy.bindings.some((one) => one.role === role && one.members.includes(member));

const factsOf = ({ policy }: FakeGoogle): Set<string> =>
  new Set(
    policy.bindings.flatMap(({ role, members, condition }) =>
      members.map(
        (member) =>
          `${member} has ${role}${condition ? ` on the condition "${condition.title}": ${condition.expression}` : ''}`,
      ),
    ),
  );

const onOwn = (name: string, change: (binding: Binding, project: Project) => unknown): Move<Project> => ({
  name,
  act: async (project, chance) => {
    const binding = project.own()[chance.int(2)];
    if (binding) project.edit(() => change(binding, project));
  },
});

const moves: readonly Move<Project>[] = [
  onOwn('gives the binding another title', ({ condition }) => Object.assign(condition ?? {}, { title: 'mine' })),
  onOwn('gives it the title of a grant that is not there', ({ condition }) =>
    Object.assign(condition ?? {}, { title: 'jitbot GOTHER' }),
  ),
  onOwn('takes the condition off', (binding) => delete binding.condition),
  onOwn('takes the time out of the condition', ({ condition }) =>
    Object.assign(condition ?? {}, { expression: 'true' }),
  ),
  onOwn('adds a friend to it', ({ members }) => members.push(FRIEND)),
  onOwn('deletes it', (binding, { google }) =>
    google.policy.bindings.splice(google.policy.bindings.indexOf(binding), 1),
  ),
  onOwn('writes their address in capitals', (binding) =>
    Object.assign(binding, { members: [`user:${BEN.email.toUpperCase()}`] }),
  ),
  {
    name: 'adds themselves to a binding that was there',
    act: async ({ edit }) => edit((all) => all.find(({ condition }) => !condition)?.members.push(HOLDER)),
  },
  {
    name: 'makes another binding for themselves',
    act: async ({ edit }, chance) =>
      edit((all) =>
        all.push({
          role: chance.pick([VIEWER, LOGS]),
          members: [HOLDER],
          condition: { title: chance.pick(['mine', 'jitbot GX', 'jitbot']), expression: 'true' },
        }),
      ),
  },
  {
    name: 'makes themselves an owner',
    act: async ({ edit }) => edit((all) => all.push({ role: 'roles/owner', members: [HOLDER] })),
  },
  {
    name: 'lets a service account in',
    act: async ({ edit }) =>
      edit((all) => all.push({ role: VIEWER, members: ['serviceAccount:robot@harbor-prod.iam.gserviceaccount.com'] })),
  },
  {
    name: 'writes the policy while the bot does',
    act: async ({ google, edit }, chance) => {
      let left = 1 + chance.int(4);
      google.beforeWrite = () => {
        left -= 1;
        if (left >= 0) edit((all) => all.push({ role: LOGS, members: [HOLDER] }));
      };
    },
  },
  { name: 'asks for more time', act: ({ extend }) => extend() },
  { name: 'gets another grant of one of the roles', act: ({ beginAnother }) => beginAnother() },
  { name: 'lets another grant end', act: ({ endAnother }) => endAnother() },
];

describeHostileHolder<Project>({
  kind: 'google_iam',
  rounds: 40,
  begin,
  moves,
  unavoidable: [],
  isNamed: (fact, left) => left.some(({ what }) => what.startsWith(`${fact}, which came during`)),
  survivors: [
    { what: 'the holder in a role that was granted', plant: ({ edit }) => edit((all) => all[0]?.members.push(HOLDER)) },
    {
      what: 'the holder in another role',
      plant: ({ edit }) => edit((all) => all.push({ role: 'roles/owner', members: [HOLDER] })),
    },
    { what: 'a friend', plant: ({ edit }) => edit((all) => all[0]?.members.push(FRIEND)) },
    {
      what: 'a condition that was widened',
      plant: ({ edit }) =>
        edit((all) => all.map(({ condition }) => Object.assign(condition ?? {}, { expression: 'true' }))),
    },
    {
      what: 'a group that lost its role',
      plant: ({ edit }) => edit((all) => all.splice(1, 1)),
    },
  ],
});
