import { launch } from '../app/launch.js';

await launch('sandbox/main', process.argv.slice(2));
