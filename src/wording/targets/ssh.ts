/** Targets of kind ssh. */

/** Values in the policy file. */
export const SSH_FIELDS = {
  path: 'expected a path from the root, such as /etc/jitbot/user_ca',
  program: 'name a program',
  range: 'expected an address or a range such as 10.0.0.0/8',
  inRange: (text: string, range: string): string => `${text} is an address inside a range; the range is ${range}`,
  principal: 'expected a name without spaces or commas',
  login: 'expected the name of a login on the servers',
} as const;

/** Findings of the doctor. */
export const SSH_CHECKS = {
  signs: (key: string): string => `${key} signs certificates`,
  keyFile: 'The bot has to be able to read the file, which may have no passphrase.',
  agentKey: (agent: string, key: string): string =>
    `The agent at ${agent} has to hold the key of ${key}: ssh-add -L shows which it holds.`,
  makes: (role: string): string => `a certificate of ${role} can be made`,
  grantsRefused: 'ssh-keygen says what in grants it does not accept.',
  writable: (list: string): string => `${list} can be written`,
  writeRight: 'The bot needs to write in its folder.',
  isList: (list: string): string => `${list} is a revocation list`,
  moveAway: 'Move it away: the bot writes a new one with the next grant. Until then servers refuse everybody.',
} as const;

/** Problems, and what to do by hand. */
export const SSH = {
  noKeygen: 'ssh-keygen is not installed where the bot runs: install OpenSSH’s client',
  listChanged: (file: string): string => `${file} is not what was written; somebody else changes it`,
  listUnreadable: (file: string, why: string): string => `${file} cannot be read: ${why}`,
  listUnwritable: (file: string, why: string): string => `${file} cannot be written: ${why}`,
  programFailed: (program: string, purpose: string, said: string): string =>
    `${program}, which ${purpose}, failed: ${said}`,
  endsSessions: 'ends what is open on the servers',
  noAccess: 'there is no access to make a certificate for',
  noKey: (name: string): string => `what identities has for ${name} is not an SSH public key`,
  copyList: (list: string, publish: string): string => `Copy ${list} to the servers${publish}`,
  endOpen: (principals: string, grantId: string): string =>
    `End what is open as ${principals} by the certificate of grant ${grantId}`,
  publishes: 'takes the revocation list to the servers',
  otherList: (place: string, list: string): string =>
    `the certificate of this access is revoked by ${place}, which is not the list of this target (${list}); put it back into the policy file until the access has ended`,
  loginOf: (principals: string): string =>
    `# if the servers know ${principals} from AuthorizedPrincipalsFile, use the login that lists it`,
} as const;
