/** What commands say when their work is done. */

import { counted } from '../../domain/text.ts';

export const RESULTS = {
  nothingToArchive:
    'Nothing to archive: no event is that old, or those that are belong to open requests or active access, or are not delivered yet.',
  archived: ({ file, from, to, sha256 }: { file: string; from: number; to: number; sha256: string }): string =>
    `${file}: events ${from} to ${to}, SHA-256 ${sha256}. The database now begins at event ${to + 1}.`,
  moved: ({ to, left, events, head }: { to: string; left: string; events: number; head: string }): string =>
    `${to}: ${counted(events, 'event')}, whole, up to hash ${head}. Set JIT_DATABASE to it. What it was in is left as ${left}, and no bot starts on that.`,
  setUp: (where: string, role: string | null): string =>
    `${where}: the tables are there${role === null ? '' : `, and ${role} may add to the record and change none of it`}.`,
  noName: (person: string): string => `The ledger has no name of ${person}.`,
  erased: (count: number, person: string): string =>
    `Erased ${counted(count, 'name or address', 'names and addresses')} of ${person}. Archives, exports, Slack and what was forwarded keep their own copies.`,
  bundled: (made: { path: string; from: number; to: number; policies: number; reviews: number }): string =>
    `${made.path}: events ${made.from} to ${made.to}, ${counted(made.policies, 'policy', 'policies')}, ${counted(made.reviews, 'access review')}`,
  missingPolicies: (hashes: readonly string[]): string =>
    `Policies whose text the ledger does not hold: ${hashes.join(', ')}`,
  backedUp: (path: string, newest: { readonly seq: number; readonly hash: string } | null): string =>
    `${path}: ${newest === null ? 'no event yet' : `up to event #${newest.seq} (${newest.hash})`}`,
  keyIntroduced: (checkpoints: string, key: string, path: string): string =>
    `${checkpoints}: key ${key} may sign from now on. Set JIT_CHECKPOINT_KEY to ${path} and start the bot again.`,
  nothingFound: 'The ledger has nothing that fits all of that.',
  supported: (path: string, parts: readonly string[]): string =>
    `${path}: ${parts.join(', ')}. Look through it before you send it.`,
} as const;

/** `jitbot restore`. */
export const RESTORED = {
  done: (path: string, copy: string, said: string, replaced: string | null): string =>
    `${path} is now ${copy}. ${said}${replaced === null ? '' : ` The database that was there before is ${replaced}.`}
Start the bot: it ends what targets hold and the copy does not know, and grants nothing until an administrator has looked.`,
  copy: (last: number, live: number, known: { readonly seq: number; readonly where: string } | null): string => {
    const later =
      known === null
        ? 'nothing that could be asked knows a later one'
        : `${known.where} knows a later one, #${known.seq}`;
    return `It ends with event #${last}; ${later}. ${counted(live, 'grant', 'grants')} that it says ${live === 1 ? 'is' : 'are'} active will end.`;
  },
  notAsked: (problem: string): string => `not asked: ${problem}`,
} as const;

/** `jitbot drain`. */
export const DRAINED = {
  off: 'Access is granted again.',
  asUsual: 'Access is granted as usual. "jitbot drain --for 45m" starts a window.',
  until: (until: string | null, why: string): string =>
    `Nothing new is granted until ${until ?? 'the window is ended'}: ${why}`,
  whyDefault: 'maintenance',
  nothingEnds: (live: number): string =>
    live === 0
      ? 'No access is active.'
      : `${counted(live, 'grant is', 'grants are')} active, and none ends in that time.`,
  ending: (count: number): string => `${counted(count, 'grant ends', 'grants end')} in that time:`,
  grant: (one: { at: string; role: string; name: string; id: string }): string =>
    `  ${one.at}  ${one.role} of ${one.name} (${one.id})`,
  advice: `While the bot runs, they end on time. While it is stopped, they do not: it ends them first when it starts again.
So wait until they have ended, end them now with /jit admin, or stop the bot for less time than they have left.`,
} as const;

/** `jitbot revoke-all`. */
export const REVOKED = {
  nothingLive: 'The copy says that nothing is active.',
  byHand: (grant: { role: string; name: string; id: string; until: string; place: string | null }): string =>
    `# ${grant.role} of ${grant.name}, grant ${grant.id}, until ${grant.until}${grant.place === null ? '' : `, at ${grant.place}`}`,
  gone: (what: string): string => `gone      ${what}`,
  notGone: (what: string, problem: string): string => `NOT GONE  ${what}: ${problem}`,
  lookAt: (what: string, problem: string): string => `LOOK AT   ${what}: ${problem}`,
  allGone: 'Everything is gone.',
  left: (count: number): string => `${counted(count, 'thing needs', 'things need')} a look.`,
} as const;

/** `jitbot doctor`. */
export const DOCTOR = {
  finding: ({
    ok,
    what,
    fix,
  }: {
    readonly ok: boolean;
    readonly what: string;
    readonly fix?: string | undefined;
  }): string => `  ${ok ? '✓' : '✗'} ${what}\n${ok || fix === undefined ? '' : `      ${fix}\n`}`,
  notChecked: (what: string): string => `not checked: ${what}`,
  names: 'Names in the policy',
  allNamesThere: 'every name in it exists',
  namesNotChecked: 'whether the names in the policy exist (needs SLACK_BOT_TOKEN and PAGERDUTY_TOKEN)',
  verdict: (wrong: number, unchecked: number): string => {
    if (wrong > 0) return REVOKED.left(wrong);
    return unchecked > 0 ? 'Everything that was checked is fine.' : 'Everything is fine.';
  },
} as const;
