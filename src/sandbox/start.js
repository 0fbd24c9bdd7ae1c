import { launch } from '../launch.js';

await launch('sandbox/main.ts', process.argv.slice(2));
