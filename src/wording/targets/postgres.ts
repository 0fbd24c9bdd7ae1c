/** Targets of kind postgres. */

/** Values in the policy file. */
export const POSTGRES_FIELDS = {
  noRole: 'name at least one PostgreSQL role to grant',
  roleName: 'PostgreSQL names have at most 63 characters',
  login: 'expected temporary, or a template for a login name, such as {email_name}',
} as const;

const through = (others: readonly string[]): string =>
  others.length > 0 ? `, neither by itself nor through ${others.join(', ')}` : '';

/** Findings of the doctor. Each is true, or is followed by what is wrong. */
export const POSTGRES_CHECKS = {
  mayCreate: (me: string): string => `${me} may create roles`,
  mayEnd: (me: string): string => `${me} may end sessions`,
  mayGrant: (me: string, role: string): string => `${me} may grant ${role}`,
  exists: (role: string): string => `the role ${role} exists`,
  reserved: (me: string): string => `a connection is reserved for ${me}, also when all others are in use`,
  reserve: (me: string): string =>
    `ALTER SYSTEM SET reserved_connections = 3; GRANT pg_use_reserved_connections TO ${me}; (and restart PostgreSQL)`,
  tellsCluster: (me: string): string => `${me} can tell this cluster from another one at the same address`,
  allowCluster: (me: string): string =>
    `GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO ${me}; (in each database that a target names)`,
  searchPath: (me: string, places: readonly string[]): string =>
    `nobody else may create on the search path of ${me}${places.length > 0 ? `: ${places.join('; ')}` : ''}`,
  leftoversExist: (role: string): string => `the role ${role} exists, for what is left behind`,
  powerless: (role: string, problem: string | null): string =>
    `${role} can do nothing, and nobody can act as it${problem === null ? '' : `: ${problem}`}`,
  makePowerless: (role: string): string =>
    `ALTER ROLE ${role} NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS; and revoke its memberships`,
  mayHand: (me: string, role: string): string => `${me} may hand things to ${role}`,
  mayHandTables: (me: string, role: string): string => `${me} may hand tables to ${role}`,
  mayOwn: (role: string, schema: string): string => `${role} may own what is made in schema ${schema}`,
  mayHandSchemas: (me: string, database: string): string => `${me} may hand over schemas that were made in ${database}`,
  hasRights: (role: string): string => `${role} can log in or has rights of its own`,
  isMember: (role: string): string => `${role} is a member of other roles`,
  canActAs: (others: string, role: string): string => `${others} can act as ${role}`,
  ownsNothing: (role: string, others: readonly string[]): string =>
    `${role} owns nothing, so that nobody who is granted it can change it for good${through(others)}`,
  handOwned: (roles: string): string => `REASSIGN OWNED BY ${roles} TO …; (a role that is not granted to anybody)`,
  passesNothing: (role: string, rights: readonly string[]): string =>
    `${role} cannot pass on what it may do${rights.length > 0 ? `: ${rights.join(', ')}` : ''}`,
  noPower: (role: string, others: readonly string[]): string =>
    `${role} gives no power over the server or over the bot${through(others)}`,
  grantOther: (powers: string): string => `Grant a role that is not in ${powers}.`,
  pooledSteps: 'each thing is done in one transaction',
  pooledReserve: 'the connection that the bot keeps for a full server ends there',
  pooledLogins: 'a login made for a grant gets in only if the pooler looks logins up (auth_query)',
  pooled: (follows: string): string => `the bot is behind a pooler: ${follows}`,
  pooledAsThemselves: (login: string, becomes: string): string =>
    `the pooler logs everybody in as themselves${becomes === login ? '' : `: ${login} becomes ${becomes}, so that PostgreSQL cannot tell people apart`}`,
  pooledFix: 'Take user= out of the database in the configuration of the pooler.',
} as const;

/** Problems. */
export const POSTGRES = {
  notRolledBack: 'a transaction could not be rolled back',
  clusterUnsaid: 'it does not say which',
  noAnswer: (seconds: number): string => `no answer within ${seconds} s`,
  onlyReads: (place: string, why: string): string =>
    `PostgreSQL at ${place} is read-only (it follows another server, or was set to be): ${why}. Let the address lead to the server that can be written to, or name all of them: postgres://user:password@a:5432,b:5432/database`,
  notReached: (place: string, why: string): string => `PostgreSQL at ${place} cannot be reached: ${why}`,
  closedEarly: 'Connection terminated before the server answered',
  rightsUnknown: 'PostgreSQL does not say what the bot may do',
  noLogin: (login: string): string =>
    `there is no login "${login}" in this database; create it, or check the login template of the target`,
  ownLogin: (login: string): string => `the login "${login}" is the bot's own`,
  noInherit: (login: string, roles: string, quoted: string): string =>
    `the login "${login}" is NOINHERIT: it would be a member of ${roles} and may do nothing with that. Let an administrator run ALTER ROLE ${quoted} INHERIT (from PostgreSQL 16 on it works as it is), and ask again`,
  roleNotShown: (role: string): string => `PostgreSQL does not show the role "${role}" that it just made`,
  loginGone: (login: string): string => `there is no login "${login}" in this database`,
  ownedByRole: (roles: string): string =>
    `what a granted role owns is not taken away; look at it and hand it to a role that nobody is granted: REASSIGN OWNED BY ${roles} TO …`,
  throughOther: (login: string, roles: string): string =>
    `"${login}" has ${roles} through another role, or from somebody else; remove it there`,
  lookAt: (role: string, grantId: string): string =>
    `Look at it; then drop it, or put its comment back: COMMENT ON ROLE ${role} IS 'jitbot: RESOURCE/ROLE for ADDRESS, grant ${grantId}'`,
  otherComment: (grantId: string): string => `its comment does not say that it was made for grant ${grantId}`,
  otherOid: (grantId: string, oid: number, recorded: string): string =>
    `it has the name of what was made for grant ${grantId}, and another oid (${oid}, not ${recorded})`,
  notOurs: (role: string, why: string, fix: string): string =>
    `the role "${role}" is not known to be the bot's: ${why}. ${fix}`,
  otherCluster: (now: string, recorded: string): string =>
    `another PostgreSQL cluster answers at this address (${now}) than the one that the access was given on (${recorded}); point the address back to that one until it has ended`,
  olderCluster:
    'this PostgreSQL cluster is older than the access that was given on it: it was put back from a backup. Make sure that the one before does not run any more, and that nobody can use what was made there',
  canLogIn: (role: string): string => `"${role}" can still log in`,
  sessionGoesOn: (role: string): string => `a database session of "${role}" did not end when told to`,
  canActAs: (others: string, role: string): string => `${others} can still act as "${role}"`,
  transactionOpen: (transaction: string): string =>
    `a transaction of the bot's own (${transaction}) is still open, and did not end when told to`,
} as const;

/** What is left of ended access, and what became of it. */
export const POSTGRES_LEFT = {
  nextRound: 'stays, and nobody can use it; what it owns is looked at in the next round',
  ownedBy: (role: string): string => `what ${role} owns`,
  notCleaned: (why: string): string => `could not be cleaned up (${why})`,
  staysForNow: (why: string): string => `stays, and nobody can use it (${why}); it is tried again`,
  handedNothing: (problem: string): string => `is handed nothing: ${problem}`,
  inDatabase: (what: string, database: string): string => `${what} in database ${database}`,
  ownedIn: (role: string, database: string): string => `what ${role} owns in database ${database}`,
  staysWithWhy: (role: string, why: string): string => `stays with ${role}, which nobody can use (${why})`,
  runsForOthers: 'still there: drop it, since it runs with the rights of anybody who uses the table',
  appeared: (roles: string): string =>
    `left alone: it appeared during the access, in what the access opened (${roles}); look at it`,
  notDisarmed: (why: string): string => `not disarmed yet (${why})`,
  asCaller: 'runs with the rights of its caller now',
  copiesNothing: 'copies nothing any more',
  forNobodyElse: 'nobody else may use it',
  staysWith: (role: string): string => `stays with ${role}, which nobody can use`,
  belongsTo: (role: string): string => `belongs to ${role}`,
  belongsSwitchedOff: (role: string): string => `belongs to ${role}, with its triggers and rules switched off`,
  prepared: (gid: string, owner: string, database: string): string =>
    `prepared transaction ${gid} of ${owner} in database ${database}`,
  rollBack: 'left alone: roll it back, since it can still be committed',
  notReached: 'not reached yet',
} as const;
