import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { googleIam } from '../../src/provisioners/google/iam.ts';
import { type FakeGoogle, startGoogle } from '../support/google.ts';
import type { Changed, Changes } from './changes.ts';
import { accessOf, BEN, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

/** Google's own clients, with a workload identity, against an API written from its published description. */

const use = useForTests();
const folder = mkdtempSync(join(tmpdir(), 'jitbot-google-'));
const credentials = join(folder, 'credentials.json');
const ROLE = googleIam.roleSchema.parse({ roles: ['roles/cloudsql.viewer'] });
/** What Ben is called after his address has changed. */
const RENAMED = 'ben.adeyemi@harbor.example';
let google: FakeGoogle;
let iam: Harness;
let id: string;

function changesOfPolicy(): Changes {
  /** Two who have the role by other ways. */
  const beside = (undo: () => void): Changed => {
    const others = [BEN.email, 'eve@harbor.example'].map((one) => ({
      role: 'roles/cloudsql.viewer',
      members: [`user:${one}`],
      condition: { title: `standing ${one}`, expression: 'true' },
    }));
    const isOther = ({ condition }: { condition?: { title: string } }) => condition?.title.startsWith('standing');
    google.policy.bindings.push(...others);
    return {
      undo: () => {
        google.policy.bindings = google.policy.bindings.filter((one) => !isOther(one));
        undo();
      },
      others: () => structuredClone(google.policy.bindings.filter(isOther)),
    };
  };
  const without = (permission: string) => ({
    how: `without ${permission}`,
    act: () => {
      google.permissions.delete(permission);
      return beside(() => google.permissions.add(permission));
    },
  });
  const answering = (instead: unknown) => ({
    how: `answering ${JSON.stringify(instead)}`,
    act: () => {
      google.instead = instead;
      return beside(() => {
        google.instead = undefined;
      });
    },
  });
  return {
    renamePerson: [
      {
        how: 'the address of their account changes',
        act: () => {
          google.rename(BEN.email, RENAMED);
          return beside(() => google.rename(RENAMED, BEN.email));
        },
      },
    ],
    renameContainer: 'the id of a project never changes, and is never given to another project',
    moveTarget: [
      {
        how: 'the project is shut down, and can be restored with its policy',
        act: () => {
          google.isShutDown = true;
          return beside(() => {
            google.isShutDown = false;
          });
        },
      },
    ],
    blind: [
      without('resourcemanager.projects.getIamPolicy'),
      without('resourcemanager.projects.setIamPolicy'),
      ...[null, {}, { bindings: [] }, { etag: 'x', bindings: 'none' }, { etag: 'x', bindings: [{ members: [] }] }].map(
        answering,
      ),
    ],
  };
}

beforeAll(async () => {
  google = await startGoogle();
  writeFileSync(join(folder, 'subject'), 'a token of the machine that the bot runs on');
  writeFileSync(
    credentials,
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${google.url}/token`,
      credential_source: { file: join(folder, 'subject') },
    }),
  );
  const breaks = {
    breakTarget: () => {
      google.down = true;
    },
    mendTarget: () => {
      google.down = false;
    },
  };
  iam = {
    connection: googleIam.connect(
      googleIam.targetSchema.parse({ kind: 'google_iam', project: 'harbor-prod', credentials, endpoint: google.url }),
      use,
    ),
    role: ROLE,
    reallyHas: async (grantId) =>
      google.policy.bindings.some(
        ({ role, members, condition }) =>
          role === 'roles/cloudsql.viewer' &&
          [BEN.email, RENAMED].some((account) => members.includes(`user:${account}`)) &&
          condition?.title === `jitbot ${grantId}`,
      ),
    ...breaks,
    changes: changesOfPolicy(),
  };
});
afterAll(async () => {
  await iam.connection.close();
  await google.close();
  use.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  id = newGrantId();
  google.policy.bindings = [];
});
describeContract('google_iam', () => iam);

describe('Cloud IAM', () => {
  const grant = (role = ROLE, until = inAnHour()) => iam.connection.grant(accessOf(role, id), until);

  test('each binding ends by itself, by a condition on the time; an extension moves that', async () => {
    await grant(ROLE, Date.UTC(2026, 0, 15, 13));
    const expression = () => google.policy.bindings.map(({ condition }) => condition?.expression);
    expect(expression()).toEqual(['request.time < timestamp("2026-01-15T13:00:00.000Z")']);
    await grant(ROLE, Date.UTC(2026, 0, 15, 14));
    expect(expression()).toEqual(['request.time < timestamp("2026-01-15T14:00:00.000Z")']);
  });

  test('it can be narrowed to some resources', async () => {
    const only = 'resource.name.startsWith("projects/_/buckets/logs")';
    await grant(googleIam.roleSchema.parse({ roles: ['roles/storage.objectViewer'], only }), Date.UTC(2026, 0, 15, 13));
    expect(google.policy.bindings[0]?.condition?.expression).toBe(
      `request.time < timestamp("2026-01-15T13:00:00.000Z") && (${only})`,
    );
  });

  test('what somebody else changes meanwhile is not written over', async () => {
    let once = true;
    google.beforeWrite = () => {
      if (!once) return;
      once = false;
      google.policy.bindings.push({ role: 'roles/viewer', members: ['user:eve@harbor.example'] });
      google.policy.etag = 'changed';
    };
    await grant();
    google.beforeWrite = () => undefined;
    expect(google.policy.bindings.map(({ role }) => role)).toEqual(['roles/viewer', 'roles/cloudsql.viewer']);
  });

  test('standing access is listed, taken away on its own, and not with a grant', async () => {
    google.policy.bindings.push({
      role: 'roles/cloudsql.viewer',
      members: [`user:${BEN.email}`, 'user:eve@harbor.example'],
    });
    await grant();
    await iam.connection.revoke(accessOf(ROLE, id));
    const holding = (account: string) => ({ account, role: 'payments-db/read', grantId: null });
    const list = () => iam.connection.list?.([{ roleKey: 'payments-db/read', role: ROLE }]);
    expect(await list()).toEqual([holding(BEN.email), holding('eve@harbor.example')]);
    await iam.connection.remove?.(holding('eve@harbor.example'), ROLE);
    expect(await list()).toEqual([holding(BEN.email)]);
  });

  test('owner, editor and viewer are refused in the policy file: they would not expire', () => {
    expect(googleIam.roleSchema.safeParse({ roles: ['roles/editor'] }).error?.message).toContain('would not expire');
  });

  test('the doctor asks Google itself whether the rights are there', async () => {
    google.permissions.delete('resourcemanager.projects.setIamPolicy');
    const findings = await iam.connection.check([]);
    google.permissions.add('resourcemanager.projects.setIamPolicy');
    expect(findings.map(({ ok }) => ok)).toEqual([true, false]);
  });
});
