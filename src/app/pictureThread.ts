/** Draws the week in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Summary } from '../domain/report.ts';
import { weekPicture } from '../report/picture.ts';

parentPort?.postMessage(await weekPicture(workerData as Pick<Summary, 'perDay'>));
