/** Targets of kind mysql. */

/** Values in the policy file. */
export const MYSQL_FIELDS = {
  noRole: 'name at least one role to grant',
  login: 'expected temporary, or a template for a login name, such as {email_name}',
  roleName: 'MySQL names have at most 32 characters',
} as const;

/** Findings of the doctor. Each is true, or is followed by what is wrong. */
export const MYSQL_CHECKS = {
  mayCreate: (me: string): string => `${me} may create logins and roles`,
  seesSessions: (me: string): string => `${me} sees sessions`,
  mayEnd: (me: string): string => `${me} may end sessions, and can connect when all connections are in use`,
  seesHolders: (me: string): string => `${me} sees who has which role`,
  seesLogins: (me: string): string => `${me} sees which logins there are`,
  mayGrant: (me: string, role: string): string => `${me} may grant ${role}`,
  nothingLasting: (role: string): string => `${role} gives nothing that its holder could keep for ever`,
  unknownRights: (role: string, why: string): string => `what ${role} gives is not known: ${why}`,
  holdRole: 'Let the bot have the role.',
  lasting: (role: string, rights: readonly { readonly privilege: string; readonly on: string }[]): string =>
    `${role} gives ${rights.map(({ privilege, on }) => `${privilege} on ${on}`).join(', ')}: its holder can keep access for ever`,
  handsOn: (role: string, given: readonly string[]): string =>
    `holders of ${role} can give no role to others${given.length > 0 ? `: they can give ${given.join(', ')}` : ''}`,
  passwordsTaken: 'the server accepts the passwords that the bot makes',
  passwordsSent: 'the server checks passwords, so the bot sends them as they are, over an encrypted connection',
  encrypt: 'Encrypt the connection, or SET GLOBAL strict_password_validation = OFF: then only a hash is sent.',
} as const;

/** Problems. */
export const MYSQL = {
  roleNotOurs: (role: string): string =>
    `there is a role "${role}" that is not the bot's; find out who made it, and drop it`,
  notReached: (host: string, why: string): string => `the MySQL server at ${host} cannot be reached: ${why}`,
  locked: (why: string): string =>
    `the server changes no accounts now: somebody holds a lock on all of it, such as a backup (${why}); I end the sessions of this access at each try`,
  ownLogin: (user: string, role: string): string => `${user}, after SET ROLE ${role}`,
  noLogin: (user: string, host: string): string =>
    `there is no login "${user}"@"${host}" on this server; create it, or check login and host of the target`,
  throughOther: (user: string, role: string): string => `"${user}" has ${role} through another role; remove it there`,
  serverUnknown: 'the server does not say which one it is',
  otherServer:
    'nothing of this access is here, and this is another server than the one that gave it; point the target at that one, or make sure that it gives nothing any more',
  stillAtWork: (name: string): string => `another try is still at work on ${name}`,
  sessionGoesOn: (user: string | undefined): string => `a database session of "${user}" did not end when told to`,
} as const;

/** What is left of ended access. */
export const MYSQL_LEFT = {
  rollingBack: 'has ended: the server undoes what it had not committed, and it does nothing else',
  wasRenamed: (login: string): string => `was ${login}, which was renamed; it was dropped`,
  madeWith: (role: string): string => `what was made with ${role}`,
  notSearched: (why: string): string => `could not be looked for: ${why}`,
  theirOwn: (definer: string, table: string): string =>
    `stays, and runs with the rights of ${definer}: if these are not enough without the role, nobody can write to ${table}`,
  blocksTable: (table: string): string => `nobody can write to ${table} before it is dropped`,
  definitionHidden: 'the server does not show how it was made',
  triggerDropped: 'was dropped: without its definer nobody could write to the table',
  asCaller: 'runs with the rights of its caller',
  viewAsReader: 'from now on shows what its reader may read',
  eventFails: 'fails each time: its definer is gone',
  noDefiner: 'fails for everybody: its definer is gone',
  asReader: 'shows what its reader may read',
  prepared: (id: string): string => `prepared transaction ${id}`,
  keepsLocks: 'stays, with its locks: the server does not say whose it is. XA COMMIT or XA ROLLBACK ends it',
} as const;
