-- One human has one set of limits, whichever of their accounts they use: requests and grants are found by mailbox as well.
ALTER TABLE requests ADD COLUMN mailbox TEXT NOT NULL DEFAULT '';
--> statement-breakpoint
ALTER TABLE grants ADD COLUMN mailbox TEXT NOT NULL DEFAULT '';
--> statement-breakpoint
UPDATE requests SET mailbox = lower(json_extract(body, '$.requester.email'))
  WHERE instr(coalesce(json_extract(body, '$.requester.email'), ''), '@') > 0;
--> statement-breakpoint
UPDATE requests SET mailbox = substr(mailbox, 1, instr(mailbox, '+') - 1) || substr(mailbox, instr(mailbox, '@'))
  WHERE instr(mailbox, '+') > 0 AND instr(mailbox, '+') < instr(mailbox, '@');
--> statement-breakpoint
UPDATE grants SET mailbox = lower(json_extract(body, '$.person.email'))
  WHERE instr(coalesce(json_extract(body, '$.person.email'), ''), '@') > 0;
--> statement-breakpoint
UPDATE grants SET mailbox = substr(mailbox, 1, instr(mailbox, '+') - 1) || substr(mailbox, instr(mailbox, '@'))
  WHERE instr(mailbox, '+') > 0 AND instr(mailbox, '+') < instr(mailbox, '@');
--> statement-breakpoint
CREATE INDEX requests_mailbox ON requests (mailbox);
--> statement-breakpoint
CREATE INDEX grants_live_mailbox ON grants (mailbox) WHERE state IN ('provisioning', 'active', 'revoking', 'overdue');
