/** Tests that need tfjs-node: skipped with a reason where it is not set up, unless SHARDSTEP_REQUIRE_TFJS is set. */
import { findPackage } from '../../dist/backend/tfjs/location.js';

const isMissing = findPackage(process.env) === null && !process.env.SHARDSTEP_REQUIRE_TFJS;

export const needsTfjs = {
  skip: isMissing ? 'tfjs-node is not set up on this machine: npm run setup:tfjs' : false,
};
