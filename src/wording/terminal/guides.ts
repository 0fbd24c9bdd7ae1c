/** The README.txt in what a command makes for others: the first thing that they read in it. */

import type { Instant } from '../../domain/terms.ts';

/** @param files what the bundle lacks, or an empty text */
export const auditBundleGuide = ({
  from,
  to,
  madeAt,
  files,
}: {
  from: Instant;
  to: Instant;
  madeAt: Instant;
  files: string;
}): string =>
  `What happened from ${iso(from)} to ${iso(to)}. Made ${iso(madeAt)}.

  about.json         which ledger and which events, and what jitbot found when it verified them
  events.jsonl       every event of the period, in order, with its hashes; "names" says what references stand for
  policies/          each policy file that was in force, under its SHA-256, which the events name
  checkpoints.jsonl  positions of the ledger that were signed when they were new, if they were kept in a file
  reviews.json       access reviews: what owners kept and removed
  verify.py          checks all of it, with nothing but Python 3 and openssl
  MANIFEST           the SHA-256 of every file
  MANIFEST.sig       its signature, Ed25519

To check it, get the public key in another way than from this bundle, read verify.py (it is short), and run

  python3 verify.py PUBLIC_KEY.pem

Or by hand:

  openssl pkeyutl -verify -pubin -inkey PUBLIC_KEY.pem -rawin -in MANIFEST -sigfile MANIFEST.sig
  sha256sum --check MANIFEST

and then each event: "hash" is the SHA-256 of these eight values, each on a line: prevHash, seq, at, type, actor, requestId, grantId,
payload. actor and payload are JSON without spaces and with sorted keys (RFC 8785); what is null is an empty line. prevHash is the
hash of the event before. In each decision, "input" is the evidence that it was made on, "policyHash" the policy, and "decision" the
result, rule by rule.

${files}`;

const iso = (at: Instant): string => new Date(at).toISOString();

export const SUPPORT_GUIDE = `What somebody needs to find a fault in jitbot. It names no person, no place and no secret.

about.json        versions and the machine
environment.json  which variables are set, without their values
status.json       what "jitbot status --json" says, without names
database.json     sizes, counts, and whether the ledger is whole
policy.json       which settings the policy has, with a number in place of every name
log.jsonl         from the log: level, time, kind of message and place in the program

Look through it before you send it.
`;
