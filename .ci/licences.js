// `npm run licences`: what a production installation brings, by licence, from the lockfile.
import { readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const byLicence = new Map();
for (const [path, { version, license = 'not stated', dev, devOptional, link }] of Object.entries(packages)) {
  if (!path.startsWith('node_modules/') || dev || devOptional || link) continue;
  const name = path.split('node_modules/').at(-1);
  byLicence.set(license, [...(byLicence.get(license) ?? []), `${name}@${version}`]);
}
const lists = [...byLicence]
  .sort((a, b) => b[1].length - a[1].length)
  .map(([licence, names]) => `${licence} (${names.length})\n${names.map((name) => `  ${name}\n`).join('')}`);
process.stdout.write(lists.join(''));
