/** What the policy needs to know, by the names of the options. */
export type Answers = Readonly<
  Record<
    'audit-channel' | 'approvals-channel' | 'admin' | 'reviewers' | 'escalation-policy' | 'kind' | 'resource',
    string
  >
>;

/** The kinds of targets that `jitbot init` offers, with the text under `target` and under `grants`. */
export const TARGETS: Readonly<Record<string, { target: (variable: string) => string; grants: string; ends: string }>> =
  {
    postgres: {
      target: (name) => `{ kind: postgres, url: "\${${name}}" }`,
      grants: '{ roles: [CHANGE_ME_read] }',
      ends: 'URL',
    },
    mysql: {
      target: (name) => `{ kind: mysql, url: "\${${name}}" }`,
      grants: '{ roles: [CHANGE_ME_read] }',
      ends: 'URL',
    },
    webhook: {
      target: (name) => `{ kind: webhook, url: "https://CHANGE-ME.example/jit", secret: "\${${name}}" }`,
      grants: '{ permission: read }',
      ends: 'SECRET',
    },
  };

/** A policy with one resource. @returns its text, and the environment variables that hold its secrets */
export function firstPolicy(answers: Answers): { text: string; variables: readonly string[] } {
  const { resource, kind } = answers;
  const target = TARGETS[kind];
  if (!target) throw new Error(`there is no first policy for ${kind}`);
  const variable = `${resource.toUpperCase().replaceAll('-', '_').replace(/^(\d)/, '_$1')}_${target.ends}`;
  const text = `# yaml-language-server: $schema=./${SCHEMA_FILE}
# Who may have what, under which circumstances. docs/policy.md explains every field; "jitbot policy check" checks it.
version: 1
slack:
  audit_channel: ${answers['audit-channel']}
  approvals_channel: ${answers['approvals-channel']}
  admins: [${answers.admin}]

resources:
  ${resource}:
    # Secrets stand in the environment: \${NAME} is filled in from there. docs/targets has the other kinds.
    target: ${target.target(variable)}
    roles:
      read:
        # What it gives at the target: change it to what is there.
        grants: ${target.grants}
        duration: { default: 1h, max: 4h }
        rules:
          # On call for this escalation policy: at once.
          - allow: { on_call: { escalation_policies: [${answers['escalation-policy']}] } }
          # Everybody else: one of these decides.
          - ask: { reviewers: [${answers.reviewers}] }
`;
  return { text, variables: [variable] };
}

/** The file next to the policy that editors read. */
export const SCHEMA_FILE = 'policy.schema.json';
