-- Rare events that are all read at each start: who the bot was at Slack, what was forged, what was found and looked at.
CREATE INDEX events_marks ON events (type, seq)
  WHERE type IN ('bot.identified', 'channel.forged', 'ledger.damaged', 'ledger.looked');
