#!/usr/bin/env node
// Runs the keyway program of this platform's package, and ends as it ends.
'use strict';

const { spawn } = require('node:child_process');
const { constants } = require('node:os');

const name = `keyway-cli-${process.platform}-${process.arch}`;

let program;
try {
  program = require.resolve(`${name}/bin/keyway`);
} catch {
  console.error(
    `keyway-cli: the package ${name} is not installed. Either Keyway has no program for ${process.platform} ${process.arch} ` +
      '(on Windows, use WSL), or npm left out optional dependencies: install again with "npm install --include=optional keyway-cli".',
  );
  process.exit(2);
}

const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // A terminal sends SIGINT and SIGHUP to the program too; a service manager only to this process.
  process.on(signal, () => child.kill(signal));
}
child.on('error', (error) => {
  console.error(`keyway-cli: cannot run ${program}: ${error.message}`);
  process.exit(2);
});
child.on('exit', (code, signal) => {
  process.exit(signal ? 128 + constants.signals[signal] : code);
});
