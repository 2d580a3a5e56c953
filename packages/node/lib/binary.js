// Where the keyway program is.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { KeywayError } = require('./errors')

const runs = (file) => {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return fs.statSync(file).isFile()
  } catch {
    return false
  }
}

const onPath = (name) =>
  (process.env.PATH ?? '').split(path.delimiter).filter(Boolean).map((folder) => path.join(folder, name)).find(runs)

/** The program of this platform's npm package. npm may install it beside this package or within keyway-cli. */
const ofPackage = () => {
  const name = `keyway-cli-${process.platform}-${process.arch}/bin/keyway`
  for (const from of [() => require, () => require('node:module').createRequire(require.resolve('keyway-cli/package.json'))]) {
    try {
      return from().resolve(name)
    } catch {
      // Not there: the next place.
    }
  }
}

/** The path of the program: that of KEYWAY_BIN, of the package keyway-cli, or of the PATH, in this order. */
function find() {
  const named = process.env.KEYWAY_BIN
  if (named) {
    const file = named.includes(path.sep) ? path.resolve(named) : onPath(named)
    if (!file || !runs(file)) throw new KeywayError(`KEYWAY_BIN=${named} is not a program. Set it to the path of the keyway program, or unset it.`)
    return file
  }
  const file = ofPackage() ?? onPath('keyway')
  if (!file) {
    throw new KeywayError(
      `no keyway program: KEYWAY_BIN is not set, the package keyway-cli has no program for ${process.platform} ${process.arch} here, and no ` +
        'folder of PATH has "keyway". Install it with "npm install --include=optional keyway-cli", or set KEYWAY_BIN to its path.',
    )
  }
  return file
}

module.exports = { find }
