import { setFlagsFromString } from 'node:v8';
import { launch } from './launch.js';

// A bot that is there for years: little memory counts for more than the last bit of speed. (V8's own setting.)
setFlagsFromString('--optimize-for-size');
await launch('app/main', process.argv.slice(2));
