/** The week in one picture, for the audit channel: readable on a phone. */

import { fileURLToPath } from 'node:url';
import type { Summary } from '../domain/report.ts';
import { drawSvg, perDayChart } from './charts.ts';

const SIZE = { width: 560, height: 220 };
/** Pixels for each unit of the drawing: phones show it sharp. */
const ZOOM = 2;

/** @returns a PNG */
export const weekPicture = (summary: Pick<Summary, 'perDay'>): Promise<Uint8Array> =>
  drawPng(perDayChart(summary.perDay, SIZE));

export async function drawPng(chart: Parameters<typeof drawSvg>[0]): Promise<Uint8Array> {
  const [svg, { Resvg }] = await Promise.all([drawSvg(chart), import('@resvg/resvg-js')]);
  // A font of our own: the machine may have none.
  const font = fileURLToPath(import.meta.resolve('@expo-google-fonts/pt-sans/400Regular/PTSans_400Regular.ttf'));
  const image = new Resvg(svg, {
    background: 'white',
    fitTo: { mode: 'zoom', value: ZOOM },
    font: { loadSystemFonts: false, fontFiles: [font], defaultFontFamily: 'PT Sans' },
  });
  return image.render().asPng();
}
