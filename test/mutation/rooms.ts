/** Which folders are mutated, and the tests that each mutant is tried on: those that take seconds, and no server. */
export interface Room {
  readonly name: string;
  readonly source: readonly string[];
  readonly tests: readonly string[];
}

const FLOW = ['test/domain/**/*.test.ts', 'test/lifecycle/**/*.test.ts', 'test/flow/**/*.test.ts'];
/** Not those that take long: any change of a file, anywhere. Nor commands in a process of their own, which no mutant reaches. */
const LEDGER = [
  'test/ledger/{activity,checkpoint,commit,figures,ledger,lived,names,opening,reads,search,state,tamper,verify}.test.ts',
];

/** Kinds of targets that a test has within seconds, each with its own tests: `provisioners/okta`. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  aws: ['aws', 'awsClient'],
  command: ['command'],
  github: ['github'],
  google: ['google', 'googleGroup', 'googleIam.hostile'],
  kubernetes: ['kubernetes', 'kubernetes.hostile', 'kubernetesReadBack'],
  module: ['module'],
  mysql: ['mysql', 'mysql.left', 'mysql.modes'],
  okta: ['okta'],
  postgres: ['postgres', 'postgresEarly', 'postgresIdentity', 'postgresLogins', 'postgresRights'],
  slackGroups: ['slack'],
  ssh: ['ssh', 'ssh.hostile', 'sshRights'],
  webhook: ['webhook'],
};
const KINDS_ROOMS = Object.entries(KINDS).map(([kind, tests]) => ({
  name: `provisioners/${kind}`,
  source: [`src/provisioners/${kind}`],
  tests: [...tests, 'byHand', 'place'].map((name) => `test/provisioners/${name}.test.ts`),
}));

export const ROOMS: readonly Room[] = [
  { name: 'domain', source: ['src/domain'], tests: ['test/domain/**/*.test.ts'] },
  { name: 'lifecycle', source: ['src/lifecycle'], tests: FLOW },
  { name: 'ledger', source: ['src/ledger'], tests: LEDGER },
  { name: 'forwarding', source: ['src/forwarding'], tests: ['test/forwarding/**/*.test.ts'] },
  { name: 'report', source: ['src/report'], tests: ['test/report/**/*.test.ts'] },
  { name: 'jobs', source: ['src/jobs'], tests: ['test/jobs/**/*.test.ts', ...FLOW.slice(1)] },
  {
    name: 'pagerduty',
    source: ['src/pagerduty'],
    // Not onCall, which waits out limits and deadlines in real time.
    tests: ['test/pagerduty/{answers,client,desk,people,rateLimits,sharedAnswers,shiftBased,webhook}.test.ts'],
  },
  {
    name: 'config',
    source: ['src/config'],
    tests: ['test/config/{env,envFields,policyDocs,policyFields,policyFile,policyParts,ticketPattern}.test.ts'],
  },
  {
    name: 'slack/directory',
    source: ['src/slack/directory'],
    tests: ['test/slack/{directory,rateLimitQueue}.test.ts'],
  },
  {
    name: 'slack/kit',
    source: ['src/slack/kit'],
    tests: ['test/slack/{kit,answering,labels,line,messages}.test.ts', 'test/domain/visible.test.ts'],
  },
  {
    name: 'slack/outbox',
    source: ['src/slack/outbox'],
    tests: ['test/slack/{auditChannel,identity,messages,posting,projections}.test.ts'],
  },
  {
    name: 'slack/link',
    source: ['src/slack/link/{clients,connection,frames,gate,markup,signedRequests}.ts'],
    tests: ['test/slack/{clients,frames,gate,kit,signedRequests,socketMode}.test.ts'],
  },
  { name: 'http', source: ['src/http'], tests: ['test/http/**/*.test.ts'] },
  { name: 'codes', source: ['src/codes'], tests: ['test/codes/**/*.test.ts'] },
  { name: 'concurrency', source: ['src/concurrency'], tests: ['test/concurrency/**/*.test.ts'] },
  { name: 'refusals', source: ['src/wording/refusals.ts'], tests: ['test/domain/refusalTexts.test.ts'] },
  ...KINDS_ROOMS,
  {
    name: 'provisioners',
    source: ['src/provisioners/*.ts'],
    tests: [
      'test/provisioners/{addresses,membership,place,registry,shared,targets}.test.ts',
      'test/provisioners/{googleGroup,okta,slack,webhook}.test.ts',
    ],
  },
];
