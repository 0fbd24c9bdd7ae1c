import { assertNever, type Instant } from '../domain/terms.ts';
import { visible } from '../domain/text.ts';
import type { Piece, Sentence } from '../wording/pieces.ts';

/**
 * Renders a sentence for the terminal: on one line, with the year, because events grow old, and without control
 * characters, which could move the cursor.
 */
export const inTerminal = (sentence: Sentence): string => sentence.map(pieceInTerminal).join('');

function pieceInTerminal(piece: Piece): string {
  switch (piece.kind) {
    case 'text':
    case 'code':
      return visible(piece.text).replace(/[\p{Cc}\s]+/gu, ' ');
    case 'strong':
      return inTerminal(piece.pieces);
    case 'time':
      return instantText(piece.at);
    case 'people':
      return piece.ids.join(', ') || 'nobody';
    case 'here':
      return 'everybody in the channel';
    case 'mark':
      return '';
    case 'break':
      return ' ';
    case 'points':
      return piece.points.map((point) => ` - ${inTerminal(point)}`).join('');
    default:
      return assertNever(piece);
  }
}

const instantText = (at: Instant): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
