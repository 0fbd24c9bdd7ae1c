import type { Refusal } from '../../domain/refusal.ts';
import { refusalSentence } from '../../wording/refusals.ts';
import { drawn } from './drawn.ts';

export const refusalText = (refusal: Refusal): string => drawn(refusalSentence(refusal));
