import type { ContextBlock, SectionBlock } from '@slack/types';
import { CANARY_ID } from '../../domain/canary.ts';
import { isGroup, type Principal } from '../../domain/policy.ts';
import { assertNever } from '../../domain/terms.ts';
import type { Piece, Sentence } from '../../wording/pieces.ts';
import { code, context, plain, section, time } from './blocks.ts';

/** A sentence as mrkdwn. Text in it becomes no mention, link or formatting. */
export const drawn = (sentence: Sentence): string => sentence.map(drawnPiece).join('');

function drawnPiece(piece: Piece): string {
  switch (piece.kind) {
    case 'text':
      return plain(piece.text);
    case 'code':
      return code(piece.text);
    case 'strong':
      return `*${drawn(piece.pieces)}*`;
    case 'time':
      return time(piece.at, piece.zone);
    case 'people':
      return mentions(piece.ids);
    case 'here':
      return '<!here>';
    case 'mark':
      return `:${piece.name}:`;
    case 'break':
      return '\n';
    case 'points':
      return piece.points.map((point) => `\n• ${drawn(point)}`).join('');
    default:
      return assertNever(piece);
  }
}

/** A sentence as a paragraph of a message or form. */
export const paragraph = (sentence: Sentence, blockId?: string): SectionBlock => section(drawn(sentence), blockId);

/** A sentence in small print. */
export const smallPrint = (sentence: Sentence): ContextBlock => context(drawn(sentence));

/** Mentions people and groups. Ids come from the policy file or Slack, never from typed text. */
export const mentions = (principals: readonly Principal[]): string => principals.map(mention).join(', ') || 'nobody';

const mention = (id: Principal): string => {
  if (id === CANARY_ID) return 'the canary';
  return isGroup(id) ? `<!subteam^${id}>` : `<@${id}>`;
};
