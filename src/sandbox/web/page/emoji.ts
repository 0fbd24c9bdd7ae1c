/** The emoji that the bot uses, by Slack's names. */
export const EMOJI: Readonly<Record<string, string>> = {
  white_check_mark: '✅',
  hourglass: '⏳',
  hourglass_flowing_sand: '⏳',
  no_entry: '⛔',
  warning: '⚠️',
  lock: '🔒',
  key: '🔑',
  memo: '📝',
  zzz: '💤',
  rotating_light: '🚨',
  small_blue_diamond: '🔹',
  leftwards_arrow_with_hook: '↩️',
};
