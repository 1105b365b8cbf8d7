#!/usr/bin/env node
// The launcher is plain JavaScript that Node 20.19 runs too: it finds Node 24, builds where needed, and hands over.
import * as module from 'node:module';
import { fileURLToPath } from 'node:url';
import { build, isBuilt } from './launcher/build.mjs';
import { isNewEnough, runOnNewerNode } from './launcher/newer-node.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

try {
  if (isNewEnough(process.versions.node)) {
    if (!isBuilt(root)) await build(root);
    module.enableCompileCache();
    await import('../../dist/apps/cli/main.js');
  } else {
    runOnNewerNode(root);
  }
} catch (error) {
  if (error.name !== 'CannotLaunch') throw error;
  console.error(error.message);
  process.exitCode = 1;
}
