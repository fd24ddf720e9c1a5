/* One client connection: its start-up, then units in and answers out. */

import {
  MessageReader,
  ProtocolError,
  errorResponse,
  fatalResponse,
  int32,
  message,
  messagesIn,
  parseStartup,
  readyForQuery,
  typeOf,
  warningNotice,
} from './protocol.mjs'
import { SessionSettings, parseOptions } from './settings.mjs'
import { UnitAssembler } from './units.mjs'

const SAFE_ENCODING = /^(?:utf-?8|unicode|sql_ascii)$/i
const NOT_SETTINGS = new Set(['user', 'database', 'options', 'replication'])

let lastId = 0

export class Session {
  id = ++lastId
  settings = null

  #socket
  #server
  #reader = new MessageReader()
  #assembler = new UnitAssembler(this.id)
  /* Nothing more is read, and nothing left to run. */
  #isOver = false
  /* After an error in a batch whose Sync is still to come, everything up to it is ignored. */
  #ignoresUntilSync = false

  /** `server` is `{ turns, identity, reportedParameters }`. */
  constructor(socket, server) {
    this.#socket = socket
    this.#server = server
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#leave())
  }

  /** Sends the engine's answer to `unit`. */
  answer(unit, chunks) {
    this.#send(unit.isCopy ? withoutCopyInResponse(chunks) : chunks)
  }

  /** Refuses units that waited too long for `holder`: one error for each query or batch. */
  refuse(units, holder) {
    const reason = `session ${holder.id} is in a transaction, and one runs at a time`
    for (const unit of units) {
      if (!this.#ignoresUntilSync) this.#send([errorResponse('55P03', reason)])
      this.#ignoresUntilSync = unit.isOpenEnded
      if (!unit.isOpenEnded) this.#send([readyForQuery('I')])
    }
  }

  warn(text) {
    this.#send([warningNotice('01000', text)])
  }

  /** Tells the client that its connection ends, and why. */
  fail(code, text) {
    this.#socket.end(fatalResponse(code, text))
  }

  destroy() {
    this.#socket.destroy()
  }

  /** Units that remove what this session leaves behind in the shared backend. */
  leftovers() {
    return this.#assembler.leftovers()
  }

  #send(chunks) {
    if (this.#socket.destroyed) return
    this.#socket.cork()
    for (const chunk of chunks) this.#socket.write(chunk)
    this.#socket.uncork()
  }

  #leave() {
    if (this.#isOver) return
    this.#isOver = true
    this.#server.turns.leave(this)
  }

  #reject(code, text) {
    this.fail(code, text)
    this.#leave()
  }

  #receive(chunk) {
    if (this.#isOver) return
    try {
      this.#reader.push(chunk)
      this.#handleWholeMessages()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#reject('08P01', error.message)
    }
  }

  #handleWholeMessages() {
    while (!this.#isOver) {
      const received = this.#reader.next()
      if (received === null) return
      if (this.settings) this.#handle(received)
      else this.#startUp(received)
    }
  }

  #handle(received) {
    const type = typeOf(received)
    if (type === 'X') {
      this.#leave()
      this.#socket.end()
    } else if (this.#ignoresUntilSync) {
      this.#ignoresUntilSync = type !== 'S'
      if (type === 'S') this.#send([readyForQuery('I')])
    } else {
      const { unit, reply } = this.#assembler.add(received)
      if (reply) this.#send([reply])
      if (unit) this.#server.turns.submit(this, unit)
    }
  }

  #startUp(packet) {
    const { kind, parameters } = parseStartup(packet)
    if (kind === 'encryption') return this.#send([Buffer.from('N')])
    // A running statement cannot be interrupted.
    if (kind === 'cancel') return this.destroy()
    const refusal = refusalOf(parameters, this.#server.identity)
    if (refusal) return this.#reject(...refusal)
    const chosen = chosenSettings(parameters)
    this.settings = new SessionSettings(chosen)
    this.#reader.startupIsOver()
    this.#welcome(chosen)
  }

  #welcome(chosen) {
    const parameters = new Map(this.#server.reportedParameters)
    const reported = new Map([...parameters.keys()].map((name) => [name.toLowerCase(), name]))
    for (const [name, value] of chosen) {
      if (reported.has(name.toLowerCase())) parameters.set(reported.get(name.toLowerCase()), value)
    }
    const authenticated = int32(0)
    const noCancelKey = int32(0)
    this.#send([
      message('R', authenticated),
      ...[...parameters].map(([name, value]) => message('S', name, value)),
      message('K', int32(this.id), noCancelKey),
      readyForQuery('I'),
    ])
  }
}

/* The code and text of the error that a connection is refused with, or null. */
function refusalOf(parameters, { user, database }) {
  const askedUser = parameters.get('user') ?? ''
  const askedDatabase = parameters.get('database') ?? askedUser
  if (askedUser !== user) {
    return ['28000', `role "${askedUser}" is not served here; connect as "${user}"`]
  }
  if (askedDatabase !== database) {
    return ['3D000', `database "${askedDatabase}" is not served here; connect to "${database}"`]
  }
  const encoding = parameters.get('client_encoding') ?? 'UTF8'
  return SAFE_ENCODING.test(encoding) ? null : ['0A000', 'the embedded database speaks UTF8 only']
}

function chosenSettings(parameters) {
  return [...parameters]
    .filter(([name]) => !NOT_SETTINGS.has(name) && !name.startsWith('_pq_.'))
    .concat(parseOptions(parameters.get('options') ?? ''))
}

/* The client had its CopyInResponse when it announced the COPY. */
function withoutCopyInResponse(chunks) {
  return [...messagesIn(Buffer.concat(chunks))].filter((answer) => typeOf(answer) !== 'G')
}
