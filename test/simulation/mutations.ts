/**
 * Bugs that somebody could make, one at a time: each is put into the source as it is loaded, and the simulation has to
 * find it. Nothing of this is shipped. docs/reliability.md has the results.
 */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'the end of a grant is not due work from its intent on, only from its activation',
    file: 'src/lifecycle/review/approvalChange.ts',
    find: "      { kind: 'end', key: grant.id, dueAt: grant.endsAt },\n",
    replace: '',
  },
  {
    name: 'after a crash in mid-grant the record is closed without revoking at the target',
    file: 'src/lifecycle/grant/endGrant.ts',
    find: '      left = await deps.targets.revoke(revoking);\n',
    replace: '      left = revoking.activation ? await deps.targets.revoke(revoking) : [];\n',
  },
  {
    name: 'a revoke is believed without reading back',
    file: 'src/lifecycle/grant/endGrant.ts',
    find: `      await noteFailure(deps, { value: revoking, ...(await recorded) }, attempt, error);
      throw error;
    }`,
    replace: `      if (attempt > 1) return await commitEnded(deps, { value: revoking, ...(await recorded) }, { left: [], endedAt: deps.clock.now() }), null;
      await noteFailure(deps, { value: revoking, ...(await recorded) }, attempt, error);
      throw error;
    }`,
  },
  {
    name: 'a revoke does not wait for the grant that it undoes',
    file: 'src/lifecycle/grant/endGrant.ts',
    find: `  return deps.grantLock(grantId, async () => {
    const loaded = await deps.store.grant(grantId);
    if (!loaded || !isLive(loaded.value)) return null;`,
    replace: `  return Promise.resolve().then(async () => {
    const loaded = await deps.store.grant(grantId);
    if (!loaded || !isLive(loaded.value)) return null;`,
  },
  {
    name: 'the target is touched before the intent is committed',
    file: 'src/lifecycle/request/submitRequest.ts',
    find: '    if (opened.length > 0) await commitForHuman(deps, human, together(opened.map(({ change }) => change)));\n',
    replace: `    for (const { change } of opened)
      for (const { value } of change.grants ?? []) await deps.targets.grant(value, value.endsAt);
    if (opened.length > 0) await commitForHuman(deps, human, together(opened.map(({ change }) => change)));
`,
  },
  {
    name: 'requesters may approve their own requests',
    file: 'src/domain/person.ts',
    find: '  a.accounts.some((id) => b.accounts.includes(id)) || a.mailboxes.some((mailbox) => b.mailboxes.includes(mailbox));',
    replace: '  a.accounts.length > 9 && isSameHuman(b, a);',
  },
  {
    name: 'accounts that the policy says are one human are several',
    file: 'src/domain/person.ts',
    find: '    for (const ids of accounts) if (ids.some((id) => theirs.has(id))) for (const id of ids) theirs.add(id);\n',
    replace: '',
  },
  {
    name: 'one stage of reviewers is enough',
    file: 'src/lifecycle/review/reviewRequest.ts',
    find: '  if (missing.some((count) => count > 0)) {',
    replace: '  if (missing.every((count) => count > 0)) {',
  },
  {
    name: 'a freeze leaves what is live alone',
    file: 'src/lifecycle/health/freeze.ts',
    find: "      jobs: [{ kind: 'freeze', key: String(at), dueAt: at }],\n",
    replace: '',
  },
  {
    name: 'a failed revocation is given up after a few tries',
    file: 'src/ports/jobs.ts',
    find: "end: { key: 'grant', lane: 'ending', maxBackoff: MINUTE, maxAttempts: FOREVER,",
    replace: "end: { key: 'grant', lane: 'ending', maxBackoff: MINUTE, maxAttempts: 3,",
  },
  {
    name: 'claimed work of a process that died is not taken up again',
    file: 'src/app/flow.ts',
    find: '    await queue.releaseAll();\n',
    replace: '',
  },
  {
    name: 'a lost answer to a post in the audit channel is not looked for',
    file: 'src/slack/outbox/auditProjection.ts',
    find: '    if (attempt > 1 || !lookedForLostAudit) {',
    replace: '    if (attempt > 1000) {',
  },
  {
    name: 'having to wait forgets that an earlier try may have posted',
    file: 'src/slack/outbox/whenSlackAllows.ts',
    find: 'return { notBefore: error.notBefore, waiting: true };',
    replace: 'return { notBefore: error.notBefore };',
  },
  {
    name: 'the audit channel moves on before its message is posted',
    file: 'src/slack/outbox/auditProjection.ts',
    find: "    const ledger = (await events.origin())?.ledger ?? '';\n    await delivery.post(",
    replace:
      "    const ledger = (await events.origin())?.ledger ?? '';\n    await posts.moveCursor(CURSORS.audit, last.seq);\n    await delivery.post(",
  },
  {
    name: 'a wake-up comes a long time after the end of a grant',
    file: 'src/domain/grant.ts',
    find: "  const ends: { endsAt: Instant; endsBecause: PlannedEnd }[] = [{ endsAt: from + duration, endsBecause: 'expired' }];",
    replace:
      "  const ends: { endsAt: Instant; endsBecause: PlannedEnd }[] = [{ endsAt: from + duration * 1.5, endsBecause: 'expired' }];",
  },
  {
    name: 'the secret of a grant is written into the ledger',
    file: 'src/lifecycle/grant/issueCredential.ts',
    find: "    return (await deps.targets.issueCredential(grant)) ?? refuse({ code: 'no_credential' });",
    replace: `    const made = await deps.targets.issueCredential(grant);
    deps.log.info({ made }, 'made');
    await deps.store.commit({ records: [{ kind: 'policy_text', key: made?.secret ?? '', value: { text: made?.secret ?? '' }, version: 0 }] });
    return made ?? refuse({ code: 'no_credential' });`,
  },
  {
    name: 'a grant is active in the ledger although the target failed',
    file: 'src/lifecycle/grant/provisionGrant.ts',
    find: '      if (attempt < PROVISION_ATTEMPTS) throw error;\n',
    replace: "      if (attempt < PROVISION_ATTEMPTS) return commitActive(deps, intent, 'unknown');\n",
  },
  {
    name: 'the store does not look at versions: the last one wins',
    file: 'src/ledger/sqlite/writes.ts',
    find: "    .where(and(eq(grants.id, p('id')), eq(grants.version, p('version'))))\n",
    replace: "    .where(eq(grants.id, p('id')))\n",
  },
  {
    name: 'states, events and due work are committed one after the other',
    file: 'src/ledger/sqlite/commit.ts',
    find: '  const alone = sqlite.transaction(apply);\n',
    replace: '  const alone = Object.assign(apply, { immediate: apply });\n',
  },
  {
    name: 'now and then an event is chained to nothing',
    file: 'src/ledger/book/apply.ts',
    find: '      const row = chainEvent(event, stored, at, last);\n',
    replace:
      "      const row = { ...chainEvent(event, stored, at, last), prevHash: last.seq % 40 === 39 ? '' : last.hash };\n",
  },
  {
    name: 'what a target says can keep an event from being recorded',
    file: 'src/ledger/book/canonical.ts',
    find: "  if (!text.includes('\\\\ud')) return text;\n",
    replace: "  if (text.includes('\\\\ud')) throw new Error('not Unicode');\n",
  },
  {
    name: 'what somebody typed is read as formatting by Slack',
    file: 'src/slack/kit/blocks.ts',
    find: "    .replaceAll('<', '&lt;')\n",
    replace: '',
  },
  {
    name: 'who was in a team before is not remembered',
    file: 'src/provisioners/takeSeat.ts',
    find: '    const before = mine ? mine.before : other ? other.before : held;\n',
    replace: '    const before = null;\n',
  },
  {
    name: 'what a grant finds in a team is written down after it was changed, not before',
    file: 'src/provisioners/takeSeat.ts',
    find: '    const [other] = await seats.at(place, id);\n',
    replace: `    await roster.set(place, id, most([await roster.level(place, id), seat.level]), expiresAt);
    const [other] = await seats.at(place, id);
`,
  },
  {
    name: 'the end of one grant takes away what another one gives in the same team',
    file: 'src/provisioners/seats.ts',
    find: '        ...(await rows.at(place, account)).flatMap((other) => (other.grantId === grantId ? [] : [other.level])),\n',
    replace: '        ...(await rows.at(place, account)).flatMap((other) => (other.grantId === grantId ? [] : [])),\n',
  },
];
