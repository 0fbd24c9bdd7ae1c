/** What an administrator types at each kind of target, with nothing but a copy and the policy. */

import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/config/policyFile.ts';
import type { ActiveGrant } from '../../src/domain/grant.ts';
import { statementsFor } from '../../src/provisioners/byHand.ts';
import { word } from '../../src/provisioners/quoting.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { placeOf } from '../../src/provisioners/targetPlaces.ts';

const SECRETS = { SECRET: 'sixteen-characters-at-least' };
const AWS = '"123456789012"';

/** By kind: its target, what a role gives, who holds it, and what has to be among the statements. */
const CASES: Readonly<Record<string, readonly [target: string, gives: string, account: string, says: RegExp[]]>> = {
  aws_iam: [
    `{ kind: aws_iam, aws_account: ${AWS} }`,
    '{ groups: [ops, dba] }',
    "ana o'hara",
    [/remove-user-from-group --group-name ops --user-name 'ana o'\\''hara'/, /--group-name dba/],
  ],
  aws_identity_center: [
    '{ kind: aws_identity_center, region: eu-central-1, instance: "arn:aws:sso:::instance/ssoins-1a", identity_store: d-1 }',
    `{ assignments: [{ account: ${AWS}, permission_set: "arn:aws:sso:::permissionSet/ps-1" }] }`,
    'ana@harbor.example',
    [/get-user-id .*"AttributeValue":"ana@harbor.example"/, /delete-account-assignment .*ssoins-1a .*123456789012/],
  ],
  command: [
    '{ kind: command, run: [/opt/vpn] }',
    '{ net: db }',
    'ana',
    [/At \/opt\/vpn: .*grant G1A .* ana: {"net":"db"}/],
  ],
  github: [
    `{ kind: github, org: harbor, token: "\${SECRET}" }`,
    '{ teams: [payments], repositories: { shop: push } }',
    'ana',
    [/DELETE "orgs\/harbor\/teams\/payments\/memberships\/ana"/, /"repos\/harbor\/shop\/collaborators\/ana"/],
  ],
  google_group: [
    '{ kind: google_group }',
    '{ groups: [dba@harbor.example] }',
    'ana@harbor.example',
    [/memberships delete --group-email=dba@harbor.example --member-email=ana@harbor.example/],
  ],
  google_iam: [
    '{ kind: google_iam, project: harbor-prod }',
    '{ roles: [roles/cloudsql.viewer] }',
    'ana@harbor.example',
    [/condition.title == "jitbot G1A"/, /set-iam-policy harbor-prod/],
  ],
  kubernetes: [
    '{ kind: kubernetes, kubeconfig: /etc/kube, context: prod }',
    '{ cluster_role: view, namespaces: [shop, pay] }',
    'ana@harbor.example',
    [/--context prod --namespace shop delete rolebinding jit-g1a/, /--namespace pay/],
  ],
  module: [
    `{ kind: module, path: vpn.mjs, config: { url: "https://vpn.example", token: "\${SECRET}" } }`,
    '{ networks: [db] }',
    'ana',
    [/vpn.mjs: .*grant G1A/],
  ],
  mysql: [
    `{ kind: mysql, url: "mysql://bot:\${SECRET}@db/orders" }`,
    '{ roles: [orders_read] }',
    'jit_ana_g1a@%',
    [/DROP USER IF EXISTS 'jit_ana_g1a'@'%';/, /KILL/],
  ],
  okta: [
    `{ kind: okta, url: "https://acme.okta.com", token: "\${SECRET}" }`,
    '{ groups: [00g1] }',
    'ana@harbor.example',
    [/users\/ana%40harbor.example/, /-X DELETE "https:\/\/acme.okta.com\/api\/v1\/groups\/00g1\/users\/\$PERSON"/],
  ],
  postgres: [
    `{ kind: postgres, url: "postgres://bot:\${SECRET}@db/payments" }`,
    '{ roles: [payments_read] }',
    'jit_ana_g1a',
    [/ALTER ROLE "jit_ana_g1a" NOLOGIN;/, /REVOKE "payments_read"/, /pg_terminate_backend/, /DROP ROLE "jit_ana_g1a"/],
  ],
  slack: [`{ kind: slack, token: "\${SECRET}" }`, '{ groups: [S0DBA] }', 'U0ANA', [/the group S0DBA: remove U0ANA/]],
  ssh: [
    '{ kind: ssh, ca_key: /etc/ca, revocation_list: /etc/revoked, publish: [/bin/push, now] }',
    '{ principals: [deploy] }',
    'deploy',
    [
      /'jitbot G1A ana@harbor.example' \| ssh-keygen -k -u -f \/etc\/revoked -s \/etc\/ca.pub/,
      /\/bin\/push now/,
      /deploy/,
    ],
  ],
  webhook: [
    `{ kind: webhook, url: "https://vpn.harbor.example/jit", secret: "\${SECRET}" }`,
    '{ net: db }',
    'ana',
    [/At vpn.harbor.example: .*grant G1A/],
  ],
};

function policyWith(target: string, gives: string, env: NodeJS.ProcessEnv = SECRETS, more = '') {
  const source = `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
identities: { U0ANA: { github: ana, ssh_key: k } }
resources:
  db:
    name: Database
    target: ${target}
    roles:
      read: { grants: ${gives}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }
${more}
`;
  const folder = new URL('../../docs/targets/examples', import.meta.url).pathname;
  const parsed = parsePolicy(source, PROVISIONERS, env, { folder, withoutSecrets: true });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.policy;
}

function grantUnder(policy: ReturnType<typeof policyWith>, account: string): ActiveGrant {
  const resource = policy.resources.get('db');
  const role = resource?.roles.get('read');
  if (!resource || !role) throw new Error('no role');
  return {
    id: 'G1A',
    requestId: 'R1',
    person: { slackId: 'U0ANA', name: 'Ana', email: 'ana@harbor.example', timeZone: 'UTC' },
    resourceId: 'db',
    place: placeOf(resource, policy),
    role: 'db/read',
    grants: role.gives,
    duration: 1,
    ties: { window: null, shift: null, incident: null, inPagerDuty: false },
    intendedAt: 0,
    endsAt: 1,
    endsBecause: 'expired',
    state: 'active',
    activation: { at: 0, account },
    extension: null,
  } as ActiveGrant;
}

describe('what takes a grant back by hand', () => {
  test.each(PROVISIONERS.map(({ kind }) => kind))('%s says it', (kind) => {
    const [target, gives, account, says] = CASES[kind] ?? ['', '', '', []];
    const policy = policyWith(target, gives);
    const text = statementsFor(grantUnder(policy, account), policy).join('\n');
    expect(says.length).toBeGreaterThan(0);
    for (const one of says) expect(text).toMatch(one);
    expect(text).not.toContain(SECRETS.SECRET);
  });

  test.each(PROVISIONERS.map(({ kind }) => kind))('%s says something where its secrets are not at hand', (kind) => {
    const [target, gives, account] = CASES[kind] ?? ['', '', ''];
    const policy = policyWith(target, gives);
    const grant = grantUnder(policy, account);
    const bare = policyWith(target, gives, {});
    const said = statementsFor(grant, bare);
    expect(said.length).toBeGreaterThan(0);
    expect(said.join()).not.toContain('undefined');
  });

  test('where the target was retired since, it is that target which is named', () => {
    const [, gives, account] = CASES.webhook ?? ['', '', ''];
    const at = (host: string) => `{ kind: webhook, url: "https://${host}/jit", secret: "\${SECRET}" }`;
    const grant = grantUnder(policyWith(at('old.example'), gives), account);
    const now = policyWith(at('new.example'), gives, SECRETS, `retired_targets: { old: ${at('old.example')} }`);
    expect(statementsFor(grant, now).join()).toContain('At old.example:');
  });

  test('a login of their own is kept, and what the grant made is not', () => {
    const policy = policyWith(
      `{ kind: postgres, url: "postgres://bot:\${SECRET}@db/p", login: "{email_name}" }`,
      '{ roles: [r] }',
    );
    const text = statementsFor(grantUnder(policy, 'ana"x'), policy).join('\n');
    expect(text).toContain('REVOKE "jit_g1a" FROM "ana""x";');
    expect(text).toContain('DROP ROLE "jit_g1a";');
    expect(text).not.toMatch(/DROP ROLE "ana/);
  });

  test('what somebody typed is one word of a shell', () => {
    expect(word('$(reboot)')).toBe("'$(reboot)'");
    expect(word("a'; b")).toBe("'a'\\''; b'");
    expect(word("a'b'c")).toBe("'a'\\''b'\\''c'");
    expect(word('$ORG')).toBe('$ORG');
  });
});

/** Of a module's own schema nobody knows what it makes; see src/app/policyThread.ts. */
const PLAIN_KINDS = PROVISIONERS.map(({ kind }) => kind).filter((kind) => kind !== 'module');

test.each(PLAIN_KINDS)('what the policy says of %s goes from thread to thread unchanged', (kind) => {
  const [target, gives] = CASES[kind] ?? ['', ''];
  const { resources } = policyWith(target, gives);
  expect(structuredClone(resources)).toStrictEqual(resources);
});
