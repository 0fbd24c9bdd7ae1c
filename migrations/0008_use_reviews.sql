-- "Review" means what reviewers do with a request. Seeing to it that a use of break-glass is reviewed has a name of its own.
UPDATE OR REPLACE jobs SET kind = 'chase_use_review' WHERE kind = 'review';
