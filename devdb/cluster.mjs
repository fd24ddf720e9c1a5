/* Clusters on disk: initialises one as a template, copies the template, never leaves a half. */

import fs from 'node:fs'
import path from 'node:path'

import { openPGlite } from './engine.mjs'

const unfinished = new Set()
process.on('exit', () => unfinished.forEach(remove))

/** Makes `directory` a cluster, as a copy of `template`, unless it is one already. */
export async function ensureCluster(directory, template, identity) {
  if (isCluster(directory)) return
  await ensureTemplate(template, identity)
  removeLeftovers(directory)
  await createWhole(directory, (target) => fs.cpSync(template, target, { recursive: true }))
}

export function remove(directory) {
  fs.rmSync(directory, { recursive: true, force: true })
}

async function ensureTemplate(template, identity) {
  if (isCluster(template)) return
  fs.mkdirSync(path.dirname(template), { recursive: true })
  await createWhole(template, (target) => initialise(target, identity))
}

function isCluster(directory) {
  return fs.existsSync(path.join(directory, 'PG_VERSION'))
}

/* Initialising takes long enough to be interrupted, and two processes may do it at once: the
 * cluster gets its name only when it is whole, and the first to finish wins. */
async function createWhole(directory, fill) {
  const target = fs.mkdtempSync(partialPrefix(directory))
  unfinished.add(target)
  try {
    await fill(target)
    fs.renameSync(target, directory)
  } catch (error) {
    if (!isCluster(directory)) throw error
  } finally {
    remove(target)
    unfinished.delete(target)
  }
}

function removeLeftovers(directory) {
  const prefix = path.basename(partialPrefix(directory))
  const parent = path.dirname(directory)
  for (const name of fs.readdirSync(parent)) {
    if (name.startsWith(prefix)) remove(path.join(parent, name))
  }
}

const partialPrefix = (directory) => `${directory}.partial-`

async function initialise(directory, { user, database }) {
  const bare = await openPGlite(directory)
  await bare.exec(`CREATE ROLE ${identifier(user)} LOGIN SUPERUSER`)
  await bare.exec(`CREATE DATABASE ${identifier(database)} OWNER ${identifier(user)}`)
  await bare.close()

  const owned = await openPGlite(directory, { username: user, database })
  await owned.exec('CREATE EXTENSION IF NOT EXISTS timescaledb')
  // The build lacks the conversion functions, and calling one ends the engine. Without a default
  // conversion a statement that needs one fails with an ordinary error.
  await owned.exec('UPDATE pg_catalog.pg_conversion SET condefault = false')
  await owned.close()
}

function identifier(name) {
  return `"${name.replaceAll('"', '""')}"`
}
