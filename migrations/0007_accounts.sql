-- Whoever had access at a resource before: nobody else is given the account that they lead to.
CREATE INDEX grants_people ON grants (resource, person, mailbox);
