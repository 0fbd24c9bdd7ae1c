/** Targets of kind command, webhook and module: what a team's own program, service or file did wrong. */

/** Values in the policy file. */
export const OWN_FIELDS = {
  sessions: 'expected none, ended, until_closed, or how long they live on, such as 1h',
  program: 'expected a program and its arguments, such as [/usr/local/bin/vpn-access]',
  wholePath: 'expected the whole path of the program, from /',
  secret: 'expected at least 16 characters, shared with the receiver',
} as const;

/** Its answers. */
export const OWN = {
  grantInactive: (name: string): string => `${name} answered the grant with "active": false`,
  otherId: (name: string, id: string, known: string): string =>
    `${name} answered the grant with the id ${id}; before, it was ${known}`,
  revokeActive: (name: string): string => `${name} answered the revoke with "active": true`,
  stillHolds: (name: string, account: string, role: string): string =>
    `${name} answered that ${account} still has ${role}`,
  state: '{"active": true or false}',
  aboutOther: (name: string, id: string, action: string, other: string): string =>
    `${name} was asked about ${id} (${action}) and answered about ${other}`,
  otherShape: (name: string, action: string, shape: string): string =>
    `${name} answered ${action} with something that is not ${shape}`,
  inventsGrant: (name: string): string => `${name} says that a grant is active which never existed`,
  answers: (name: string): string => `${name} answers, and does not know a grant that never existed`,
  notReached: (host: string, action: string, why: string): string =>
    `${host} could not be reached, asked for ${action}: ${why}`,
  tooMuch: (host: string, action: string, bytes: number): string =>
    `${host} answered ${action} with more than ${bytes} bytes`,
  answered: (host: string, action: string, status: number, text: string): string =>
    `${host} answered ${action} with ${status}: ${text}`,
} as const;

/** A program that was run. Its path stands before each. */
export const OWN_PROGRAM = {
  failed: (program: string | undefined, problem: string, act: string): string =>
    `${program} ${problem}, asked to ${act}`,
  sayState: 'say whether access is active',
  notKilled: (why: string): string => `cannot be killed: ${why}`,
  tooMuch: (bytes: number): string => `wrote more than ${bytes} bytes`,
  late: (seconds: number): string => `gave no answer within ${seconds} s`,
  notStarted: (why: string): string => `could not be started: ${why}`,
  leftRunning: 'ended, and left something running that keeps its output open',
  endedWith: (code: string | number | null, lastError: string): string => `ended with ${code}${lastError}`,
} as const;

/** A file that was loaded. Its path stands before each. */
export const OWN_MODULE = {
  late: (path: string, what: string, seconds: number): string =>
    `${path} gave no answer to ${what} within ${seconds} s`,
  wrongAnswer: (path: string, what: string): string => `${path} answered ${what} in a form that is not allowed`,
  stillGiving: (path: string): string => `${path} is still giving this access; restart the bot if it never finishes`,
  notLoaded: (why: string): string => `cannot be loaded: ${why}`,
  noDefault: 'has no default export that is a function',
  returnsNothing: 'returns nothing',
  noSchema: (name: string): string => `returns no ${name}, which has to be a schema made with the z that it is given`,
  noConnect: 'returns no function connect',
  targetOf: (path: string): string => `the target of ${path}`,
  noFunction: (path: string, name: string): string => `${path}: connect returns no function ${name}`,
} as const;
