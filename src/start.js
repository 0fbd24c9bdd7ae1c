import { launch } from './launch.js';

await launch('main.ts', process.argv.slice(2));
