/** Draws the week beside the event loop: loading what draws it takes half a second. */
import type { Summary } from '../domain/report.ts';
import { inThread } from './inThread.ts';

export const weekPictureBeside = ({ perDay }: Pick<Summary, 'perDay'>): Promise<Uint8Array> =>
  inThread('pictureThread', { data: { perDay } }, async (png: Uint8Array) => png);
