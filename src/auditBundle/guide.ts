import type { Instant } from '../domain/terms.ts';

/** What an auditor reads first. */
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

  about.json         which ledger, which events, and what the program that made this found when it verified it
  events.jsonl       every event of the time, in order, with its hashes; "names" says what references stand for
  policies/          each policy file that was in force, by its SHA-256, which the events name
  checkpoints.jsonl  positions of the ledger that were signed when they were new, if they were kept in a file
  reviews.json       access reviews: what owners kept and removed
  verify.py          checks all of it, with Python 3 and openssl only
  MANIFEST           SHA-256 of every file
  MANIFEST.sig       its signature, Ed25519

To check it, get the public key on another way than this bundle, read verify.py (it is short), and run

  python3 verify.py PUBLIC_KEY.pem

Or by hand:

  openssl pkeyutl -verify -pubin -inkey PUBLIC_KEY.pem -rawin -in MANIFEST -sigfile MANIFEST.sig
  sha256sum --check MANIFEST

and then, event by event: "hash" is the SHA-256 of these eight, a line each: prevHash, seq, at, type, actor, requestId, grantId,
payload; actor and payload as JSON without spaces and with sorted keys (RFC 8785), nothing for what is null. prevHash is the hash
of the event before. In each decision, "input" is the evidence that it was made on, "policyHash" the policy, and "decision" what
came of it, rule by rule.

${files}`;

const iso = (at: Instant): string => new Date(at).toISOString();
