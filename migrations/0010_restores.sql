-- A copy that was put back, and that targets were compared with it, are read at each start as well.
DROP INDEX events_marks;
--> statement-breakpoint
CREATE INDEX events_marks ON events (type, seq)
  WHERE type IN ('bot.identified', 'channel.forged', 'ledger.damaged', 'ledger.looked', 'ledger.restored', 'ledger.reconciled');
