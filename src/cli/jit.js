#!/usr/bin/env node
import { launch } from '../launch.js';

await launch('cli/jit.ts', process.argv.slice(2));
