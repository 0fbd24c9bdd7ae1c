-- What was recorded before has no bundle, start, ties or escalations: each gets the value that means "none".
ALTER TABLE requests ADD COLUMN bundle TEXT NOT NULL DEFAULT '';
--> statement-breakpoint
ALTER TABLE requests ADD COLUMN review_due INTEGER;
--> statement-breakpoint
UPDATE requests SET
  bundle = id,
  body = json_set(body, '$.bundle', id, '$.startsAt', json('null'), '$.extends', json('null'), '$.askedFor', json('null'));
--> statement-breakpoint
UPDATE requests SET body = json_set(
    body,
    '$.escalations', json('[]'),
    '$.decision.escalate', json('[]'),
    '$.decision.stages', json_array(json_object('reviewers', json_extract(body, '$.decision.reviewers'), 'needed', json_extract(body, '$.decision.needed')))
  )
  WHERE state = 'pending';
--> statement-breakpoint
UPDATE requests SET body = json_set(body, '$.useReview', json('null')) WHERE state = 'approved';
--> statement-breakpoint
UPDATE grants SET body = json_set(
    body,
    '$.ties', json('{"window":null,"shift":null,"incident":null,"inPagerDuty":false}'),
    '$.endsBecause', 'expired',
    '$.extension', json('null')
  );
--> statement-breakpoint
CREATE INDEX requests_bundle ON requests (bundle);
--> statement-breakpoint
CREATE INDEX requests_requester ON requests (requester);
--> statement-breakpoint
CREATE INDEX requests_open ON requests (state) WHERE state IN ('pending', 'scheduled');
--> statement-breakpoint
CREATE INDEX requests_review_due ON requests (review_due) WHERE review_due IS NOT NULL;
--> statement-breakpoint
CREATE INDEX grants_person ON grants (person);
--> statement-breakpoint
CREATE TABLE records (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT;
