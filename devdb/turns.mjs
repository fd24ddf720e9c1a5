/* Turn taking: many sessions, one engine, one transaction at a time. It works as a pooler in
 * transaction mode does: a session that is inside a transaction keeps the engine, and the
 * others wait in line. */

import { query, sync } from './protocol.mjs'

export class Turns {
  #engine
  #lockWaitMilliseconds
  /* Session -> units in order; the sessions themselves are in the order of their turns. */
  #lines = new Map()
  #timers = new Map()
  /* The session inside a transaction, or in a batch that has not ended. */
  #holder = null
  /* The session whose settings the engine has. */
  #loaded = null
  #leftovers = []
  #isScheduled = false
  #workedSinceCheckpoint = false

  constructor(engine, lockWaitMilliseconds) {
    this.#engine = engine
    this.#lockWaitMilliseconds = lockWaitMilliseconds
  }

  /** Puts a unit (messages that run together) of `session` in line. */
  submit(session, unit) {
    if (!this.#lines.has(session)) this.#lines.set(session, [])
    this.#lines.get(session).push(unit)
    this.#startTimer(session)
    this.#schedule()
  }

  /** Ends what a session that has gone away had begun. */
  leave(session) {
    this.#lines.delete(session)
    this.#stopTimer(session)
    if (this.#holder === session) {
      this.#engine.run(sync())
      if (this.#engine.transactionStatus !== 'I') this.#engine.run(query('ROLLBACK'))
      this.#holder = null
    }
    if (this.#loaded === session) this.#loaded = null
    this.#leftovers.push(...session.leftovers())
    this.#schedule()
  }

  /* The engine has no checkpointer: its write-ahead log would grow without end. */
  checkpointWhenIdle() {
    if (this.#holder || this.#lines.size > 0 || !this.#workedSinceCheckpoint) return
    this.#engine.run(query('CHECKPOINT'))
    this.#workedSinceCheckpoint = false
  }

  /* One unit per turn of the event loop, so that arrivals and departures are noticed. */
  #schedule() {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#takeTurn()
    })
  }

  #takeTurn() {
    if (!this.#holder) this.#leftovers.splice(0).forEach((unit) => this.#engine.run(unit))
    const session = this.#next()
    if (!session) return
    const units = this.#lines.get(session)
    const unit = units.shift()
    this.#lines.delete(session)
    this.#stopTimer(session)
    this.#execute(session, unit)
    if (units.length > 0) {
      this.#lines.set(session, units)
      this.#startTimer(session)
    }
    if (this.#lines.size > 0) this.#schedule()
  }

  #next() {
    if (this.#holder) return this.#lines.has(this.#holder) ? this.#holder : null
    return this.#lines.keys().next().value ?? null
  }

  #execute(session, unit) {
    this.#load(session)
    session.settings.observe(unit.text)
    const answer = this.#engine.run(unit.messages)
    session.answer(unit, answer)
    session.settings.restoreDefaults(this.#engine, unit.text)
    this.#workedSinceCheckpoint = true
    const isFree = this.#engine.transactionStatus === 'I' && !unit.isOpenEnded
    this.#holder = isFree ? null : session
  }

  #load(session) {
    const previous = this.#loaded
    if (previous === session) return
    previous?.settings.save(this.#engine)
    if (!previous?.settings.equals(session.settings)) {
      session.settings.load(this.#engine).forEach((problem) => session.warn(problem))
    }
    this.#loaded = session
  }

  #startTimer(session) {
    if (this.#timers.has(session)) return
    const timer = setTimeout(() => {
      this.#timers.delete(session)
      this.#stopWaiting(session)
    }, this.#lockWaitMilliseconds)
    this.#timers.set(session, timer)
  }

  #stopTimer(session) {
    clearTimeout(this.#timers.get(session))
    this.#timers.delete(session)
  }

  #stopWaiting(session) {
    // After one long statement the time is up for everybody, although nobody is in the way.
    if (!this.#holder) return this.#startTimer(session)
    if (this.#holder === session) return
    const units = this.#lines.get(session)
    this.#lines.delete(session)
    session.refuse(units, this.#holder)
  }
}
