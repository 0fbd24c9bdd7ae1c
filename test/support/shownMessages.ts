import type { Message } from '../../src/slack/kit/blocks.ts';

/** A message as somebody reads it: its words without Slack's notation for times, and what can be clicked. */
export interface Read {
  readonly notification: string;
  readonly words: string;
  /** What is written on it, what it does, and with what. */
  readonly buttons: readonly string[];
}

export function readMessage({ text, blocks }: Message): Read {
  const words: string[] = [];
  const buttons: string[] = [];
  JSON.stringify(blocks, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null) return part;
    if ('type' in part && part.type === 'button' && 'action_id' in part) {
      const { text: label, value } = Object(part);
      buttons.push(`${label.text} [${String(part.action_id)} ${value}]`);
      return undefined;
    }
    if ('text' in part && typeof part.text === 'string') words.push(part.text);
    return part;
  });
  const timed = (said: string) => said.replace(/<!date\^\d+\^[^|]*\|([^>]*)>/g, '$1').replaceAll('\u00a0', ' ');
  return { notification: timed(text), words: timed(words.join('\n')), buttons };
}
