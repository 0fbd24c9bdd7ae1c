/** One fault, in a process of its own. Prints the longest stretch as JSON. */

import { inFolder } from './box.ts';
import { FAULTS } from './stallFaults.ts';

const fault = FAULTS[process.argv[2] ?? ''];
if (!fault) throw new Error('no such fault');
process.stdout.write(JSON.stringify(await inFolder(fault.measure)));
process.exit(0);
