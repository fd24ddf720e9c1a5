/* Cuts the messages of one session into units: messages that the engine runs in one go. */

import { ProtocolError, message, query, readString, stringEnd, typeOf } from './protocol.mjs'
import {
  copiesBinary,
  copiesFromClient,
  extendedRefusal,
  failingStatement,
  mayUseSessionLocks,
  mayUseTemporaryTables,
} from './statements.mjs'

const BODY = 5
const STATEMENT = 'S'

export class UnitAssembler {
  /* Prepared statements share one name space in the engine: each session's get a prefix. */
  #prefix
  #names = new Set()
  /* Messages of an extended-query batch, up to its Sync or Flush. */
  #batch = []
  /* A COPY FROM STDIN and its data so far. They run once the data is whole, so that a slow
   * sender keeps nobody waiting. */
  #copy = null
  #usedTemporaryTables = false
  #usedSessionLocks = false

  constructor(sessionId) {
    this.#prefix = `s${sessionId}_`
  }

  /** Takes one message; returns `{ unit }` when one is complete, `{ reply }` to send one now. */
  add(received) {
    const type = typeOf(received)
    if (this.#copy) return this.#addToCopy(type, received)
    switch (type) {
      case 'Q':
        return this.#simpleQuery(received)
      case 'P':
        return this.#addToBatch(this.#parse(received))
      case 'B':
        return this.#addToBatch(this.#renamed(received, stringEnd(received, BODY) + 1))
      case 'D':
      case 'C':
        return this.#addToBatch(this.#describeOrClose(received))
      case 'E':
        return this.#addToBatch(received)
      case 'S':
      case 'H':
        return this.#finishBatch(received)
      case 'd':
      case 'c':
      case 'f':
        return {} // what a client had under way when its COPY failed
      default:
        throw new ProtocolError(`unsupported message type ${JSON.stringify(type)}`)
    }
  }

  /** Units that remove what the session leaves behind in the shared backend. */
  leftovers() {
    const closes = [...this.#names].map((name) => message('C', Buffer.from(STATEMENT), name))
    const units = closes.length > 0 ? [Buffer.concat([...closes, message('S')])] : []
    if (this.#usedTemporaryTables) units.push(query('DISCARD TEMP'))
    if (this.#usedSessionLocks) units.push(query('SELECT pg_catalog.pg_advisory_unlock_all()'))
    return units
  }

  #simpleQuery(received) {
    const text = readString(received, BODY)
    if (copiesFromClient(text)) {
      this.#copy = { text, messages: [received] }
      return { reply: copyInResponse(copiesBinary(text)) }
    }
    return this.#unit(text, received)
  }

  #addToCopy(type, received) {
    if (type === 'S' || type === 'H') return {} // the protocol says: ignored during COPY
    if (!'dcf'.includes(type)) {
      throw new ProtocolError(`unexpected message type ${JSON.stringify(type)} during COPY`)
    }
    this.#copy.messages.push(received)
    if (type === 'd') return {}
    const { text, messages } = this.#copy
    this.#copy = null
    return this.#unit(text, Buffer.concat(messages), { isCopy: true })
  }

  #addToBatch(received) {
    this.#batch.push(received)
    return {}
  }

  #finishBatch(last) {
    const messages = Buffer.concat([...this.#batch, last])
    this.#batch = []
    return this.#unit(messages.toString('latin1'), messages, { isOpenEnded: typeOf(last) === 'H' })
  }

  #unit(text, messages, { isCopy = false, isOpenEnded = false } = {}) {
    this.#usedTemporaryTables ||= mayUseTemporaryTables(text)
    this.#usedSessionLocks ||= mayUseSessionLocks(text)
    return { unit: { text, messages, isCopy, isOpenEnded } }
  }

  #parse(received) {
    const renamed = this.#renamed(received, BODY)
    const nameEnd = stringEnd(renamed, BODY)
    const refusal = extendedRefusal(readString(renamed, nameEnd + 1))
    if (!refusal) return renamed
    const noParameterTypes = Buffer.alloc(2)
    const name = readString(renamed, BODY)
    return message('P', name, failingStatement(refusal), noParameterTypes)
  }

  #describeOrClose(received) {
    const isStatement = String.fromCharCode(received[BODY]) === STATEMENT
    return isStatement ? this.#renamed(received, BODY + 1) : received
  }

  /* `received` with the statement name at `start` replaced by the session's own. */
  #renamed(received, start) {
    const end = stringEnd(received, start)
    const name = received.toString('utf8', start, end)
    if (name === '') return received
    const ownName = this.#prefix + name
    this.#names.add(ownName)
    const [before, after] = [received.subarray(BODY, start), received.subarray(end + 1)]
    return message(typeOf(received), before, ownName, after)
  }
}

function copyInResponse(isBinary) {
  const columnCount = [0, 0]
  return message('G', Buffer.from([isBinary ? 1 : 0, ...columnCount]))
}
