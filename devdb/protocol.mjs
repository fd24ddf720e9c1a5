/* The PostgreSQL frontend/backend protocol, version 3: framing, encoding, decoding. */

const SSL_REQUEST = 80877103
const GSSAPI_REQUEST = 80877104
const CANCEL_REQUEST = 80877102
const PROTOCOL_MAJOR = 3

const STARTUP_HEADER_BYTES = 8
const MESSAGE_HEADER_BYTES = 5
const LONGEST_STARTUP_BYTES = 10_000
const LONGEST_MESSAGE_BYTES = 2 ** 30

/** What a client sent cannot be understood; its connection is beyond repair. */
export class ProtocolError extends Error {}

/** Cuts a client's byte stream into whole messages. */
export class MessageReader {
  #chunks = []
  #size = 0
  #needed = STARTUP_HEADER_BYTES
  #headerBytes = STARTUP_HEADER_BYTES

  push(chunk) {
    this.#chunks.push(chunk)
    this.#size += chunk.length
  }

  /** Startup packets have no type byte; every message after them has one. */
  startupIsOver() {
    this.#headerBytes = this.#needed = MESSAGE_HEADER_BYTES
  }

  /** The next whole message, or null until more bytes arrive. */
  next() {
    if (this.#size < this.#needed) return null
    const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks)
    this.#chunks = [bytes]
    this.#needed = this.#messageLength(bytes)
    if (this.#size < this.#needed) return null
    return this.#take(bytes)
  }

  #take(bytes) {
    const message = bytes.subarray(0, this.#needed)
    this.#chunks = message.length < bytes.length ? [bytes.subarray(message.length)] : []
    this.#size -= message.length
    this.#needed = this.#headerBytes
    return message
  }

  #messageLength(bytes) {
    const isStartup = this.#headerBytes === STARTUP_HEADER_BYTES
    const length = isStartup ? bytes.readInt32BE(0) : 1 + bytes.readInt32BE(1)
    const longest = isStartup ? LONGEST_STARTUP_BYTES : LONGEST_MESSAGE_BYTES
    if (length < this.#headerBytes || length > longest) {
      throw new ProtocolError(`invalid message length ${length}`)
    }
    return length
  }
}

/** What a startup packet asks for: `{ kind: 'encryption' | 'cancel' | 'session', parameters }`. */
export function parseStartup(packet) {
  const code = packet.readInt32BE(4)
  if (code === SSL_REQUEST || code === GSSAPI_REQUEST) return { kind: 'encryption' }
  if (code === CANCEL_REQUEST) return { kind: 'cancel' }
  if (code >> 16 !== PROTOCOL_MAJOR) throw new ProtocolError('unsupported frontend protocol')
  const fields = packet.toString('utf8', STARTUP_HEADER_BYTES).split('\0')
  const parameters = new Map()
  for (let i = 0; i + 1 < fields.length && fields[i] !== ''; i += 2) {
    parameters.set(fields[i], fields[i + 1])
  }
  return { kind: 'session', parameters }
}

/** The position of the NUL that ends the string starting at `start`. */
export function stringEnd(message, start) {
  const end = message.indexOf(0, start)
  if (start < MESSAGE_HEADER_BYTES || end < 0) throw new ProtocolError('invalid string in message')
  return end
}

export function readString(message, start) {
  return message.toString('utf8', start, stringEnd(message, start))
}

/** A message of `type`; string parts are sent as NUL-terminated strings. */
export function message(type, ...parts) {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)),
  )
  const header = Buffer.alloc(MESSAGE_HEADER_BYTES)
  header.write(type, 'latin1')
  header.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([header, body])
}

export function int32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

export const query = (text) => message('Q', text)
export const sync = () => message('S')
export const readyForQuery = (status) => message('Z', Buffer.from(status))
export const errorResponse = (code, text) => report('E', 'ERROR', code, text)
export const fatalResponse = (code, text) => report('E', 'FATAL', code, text)
export const warningNotice = (code, text) => report('N', 'WARNING', code, text)

function report(type, severity, code, text) {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${text}`]
  return message(type, ...fields, Buffer.from([0]))
}

/** The messages in `bytes`, which holds whole messages only. */
export function* messagesIn(bytes) {
  for (let start = 0; start < bytes.length; ) {
    const end = start + 1 + bytes.readInt32BE(start + 1)
    yield bytes.subarray(start, end)
    start = end
  }
}

export const typeOf = (message) => String.fromCharCode(message[0])

/** The columns of a DataRow in text format. */
export function rowOf(message) {
  const columns = []
  let position = MESSAGE_HEADER_BYTES + 2
  for (let left = message.readInt16BE(MESSAGE_HEADER_BYTES); left > 0; left--) {
    const length = message.readInt32BE(position)
    position += 4
    columns.push(length < 0 ? null : message.toString('utf8', position, position + length))
    position += Math.max(length, 0)
  }
  return columns
}

/** The human-readable text of an ErrorResponse. */
export function errorText(message) {
  const fields = message.toString('utf8', MESSAGE_HEADER_BYTES).split('\0')
  const field = (name) => fields.find((text) => text.startsWith(name))?.slice(1) ?? ''
  return `${field('C')}: ${field('M')}`
}

/** The transaction status if `chunks` ends with ReadyForQuery, else null. */
export function closingStatus(chunks) {
  let tail = Buffer.alloc(0)
  for (let i = chunks.length - 1; i >= 0 && tail.length < 6; i--) {
    tail = Buffer.concat([chunks[i], tail])
  }
  const ready = tail.subarray(-6)
  const isReady = ready.length === 6 && ready[0] === 0x5a && ready.readInt32BE(1) === 5
  return isReady ? String.fromCharCode(ready[5]) : null
}
