#!/usr/bin/env node
import { launch } from '../app/launch.js';

// The bot itself is no command beside the others: it starts as `npm start` does, before anything is loaded.
if (process.argv[2] === 'start' && process.argv.length === 3) await import('../app/start.js');
else await launch('cli/jitbot', process.argv.slice(2));
