/* An embedded TimescaleDB for development and tests: one WebAssembly engine behind the PostgreSQL
 * wire protocol. Start it with devdb.embedded, which keeps two servers off one directory. */

import net from 'node:net'
import path from 'node:path'
import { parseArgs } from 'node:util'

import { ensureCluster, remove } from './cluster.mjs'
import { Engine } from './engine.mjs'
import { Session } from './session.mjs'
import { Turns } from './turns.mjs'

// Any password is accepted, so nobody but this machine may connect.
const HOST = '127.0.0.1'
const CHECKPOINT_INTERVAL_MILLISECONDS = 30_000
const FAREWELL_MILLISECONDS = 100
const CANNOT_LISTEN_STATUS = 1
const ENGINE_FAILED_STATUS = 70
const REPORTED_PARAMETERS = [
  'application_name',
  'client_encoding',
  'DateStyle',
  'default_transaction_read_only',
  'in_hot_standby',
  'integer_datetimes',
  'IntervalStyle',
  'server_encoding',
  'server_version',
  'standard_conforming_strings',
  'TimeZone',
]

const { values: options } = parseArgs({
  options: {
    directory: { type: 'string' }, // holds the cluster
    temporary: { type: 'boolean', default: false }, // remove the directory at exit
    template: { type: 'string' }, // an initialised cluster to copy; made if there is none
    port: { type: 'string', default: '0' },
    user: { type: 'string' },
    database: { type: 'string' },
    'lock-wait-seconds': { type: 'string' },
  },
})
const identity = { user: options.user, database: options.database }
const sessions = new Set()
let engine = null
let isEnding = false
let hasFailed = false

if (options.temporary) process.on('exit', () => remove(options.directory))
process.on('uncaughtException', fail)
process.on('SIGTERM', () => stop(0))
process.on('SIGINT', () => stop(0))
// The process that started this one holds the other end. When that one ends, this one ends.
process.stdin.resume().on('end', () => stop(0)).on('error', () => stop(0))

await start()

async function start() {
  const cluster = path.join(options.directory, 'cluster')
  await ensureCluster(cluster, options.template, identity)
  engine = await Engine.open(cluster, identity)
  const turns = new Turns(engine, Number(options['lock-wait-seconds']) * 1000)
  setInterval(() => turns.checkpointWhenIdle(), CHECKPOINT_INTERVAL_MILLISECONDS)
  listen({ turns, identity, reportedParameters: reportedParameters() })
}

function listen(context) {
  const server = net.createServer((socket) => {
    const session = new Session(socket, context)
    sessions.add(session)
    socket.on('close', () => sessions.delete(session))
  })
  server.on('error', (error) => {
    console.error(`cannot listen: ${error.message}`)
    stop(CANNOT_LISTEN_STATUS)
  })
  server.listen(Number(options.port), HOST, () => {
    console.log(JSON.stringify({ event: 'READY', port: server.address().port }))
  })
}

function reportedParameters() {
  const names = REPORTED_PARAMETERS.map((name) => `'${name}'`).join(', ')
  const settings = engine.query(
    `SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN (${names})`,
  )
  const ofSuperuser = [
    ['is_superuser', 'on'],
    ['session_authorization', identity.user],
  ]
  return new Map([...settings, ...ofSuperuser])
}

function stop(status) {
  if (isEnding) return
  isEnding = true
  for (const session of sessions) session.destroy()
  engine?.close()
  process.exit(status)
}

/* A trap in the engine or a fault in this server: either way nothing can be trusted any more.
 * What was committed is in the write-ahead log. */
function fail(error) {
  if (hasFailed) return
  isEnding = hasFailed = true
  console.error(told(error))
  for (const session of sessions) {
    session.fail('57P02', 'the embedded database failed and has to be started again')
  }
  setTimeout(() => process.exit(ENGINE_FAILED_STATUS), FAREWELL_MILLISECONDS)
}

/* A full disk is no fault of this server: a person needs no stack of it. */
function told(error) {
  if (error?.code !== 'ENOSPC') return error
  return `the disk is full: ${error.message}\nTMPDIR names another place for what is temporary`
}
