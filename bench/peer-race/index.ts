/** `npm run bench:peers`: shardstep and other libraries on the same work, in turn. */
import { contestants } from './peers.ts';
import { prepare } from './prepare.ts';
import { raceCommand } from './run.ts';

process.exitCode = await raceCommand(process.argv.slice(2), contestants, prepare);
