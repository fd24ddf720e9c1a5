/* The settings of a session. The engine has one set of them, so each session's own are put
 * aside when another takes its turn, and put back for its next one. */

/* What a client expects of a fresh connection. The engine boots with others (search_path is
 * pg_catalog, enable_seqscan is off), and to those RESET returns. */
const BASELINE = new Map([
  ['search_path', '"$user", public'],
  ['enable_seqscan', 'on'],
  ['client_min_messages', 'notice'],
  ['timezone', 'UTC'],
  ['work_mem', '64MB'],
  ['allow_system_table_mods', 'off'],
  // No session can hold a lock beside another one's work.
  ['device_parameters.one_session', 'on'],
])

const MAY_CHANGE_SETTINGS = /\b(?:set|set_config|reset|discard)\b/i
const MAY_RESET_SETTINGS = /\b(?:reset|discard)\b|\bset\b(?!\s+local\b)[^;]{0,200}\bdefault\b/i
const CUSTOM_SETTING = /\b(?:set\s+(?:session\s+)?|set_config\s*\(\s*')([a-z_]\w*\.\w+)/gi

const CLEAR = 'RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL'
const OWN_SETTINGS = `
  SELECT name, pg_catalog.current_setting(name) FROM pg_catalog.pg_show_all_settings()
  WHERE source = 'session' AND name NOT LIKE 'transaction_%'`

export class SessionSettings {
  #defaults
  #values
  #customNames
  #isStale = false

  /** `chosen` are the settings the client asked for as it connected. */
  constructor(chosen) {
    this.#defaults = new Map([...BASELINE, ...chosen])
    this.#values = this.#defaults
    this.#customNames = new Set([...this.#defaults.keys()].filter((name) => name.includes('.')))
  }

  /** Takes notice of a statement that is about to run. */
  observe(text) {
    if (!MAY_CHANGE_SETTINGS.test(text)) return
    this.#isStale = true
    for (const [, name] of text.matchAll(CUSTOM_SETTING)) this.#customNames.add(name)
  }

  /** After a RESET: gives this session its defaults back instead of the engine's. */
  restoreDefaults(engine, text) {
    if (engine.transactionStatus === 'E' || !MAY_RESET_SETTINGS.test(text)) return
    const own = new Set(engine.query(OWN_SETTINGS).map(([name]) => name.toLowerCase()))
    const missing = [...this.#defaults].filter(([name]) => !own.has(name.toLowerCase()))
    for (const [name, value] of missing) engine.query(assignment(name, value))
  }

  /** Reads the values back from the engine, if they may have changed since. */
  save(engine) {
    if (!this.#isStale) return
    const custom = [...this.#customNames].map((name) => [name, customValue(engine, name)])
    // The role comes last: as another role the earlier ones might not be allowed.
    this.#values = new Map([...engine.query(OWN_SETTINGS), ...custom, ...roles(engine)])
    this.#isStale = false
  }

  /** Makes the engine use these values; returns what went wrong with single ones. */
  load(engine) {
    engine.query(CLEAR)
    const problems = []
    for (const [name, value] of this.#values) {
      try {
        engine.query(assignment(name, value))
      } catch (error) {
        problems.push(`${name}: ${error.message}`)
      }
    }
    return problems
  }

  /** Whether sessions with these two would not notice each other. */
  equals(other) {
    if (this.#isStale || other.#isStale || this.#values.size !== other.#values.size) return false
    return [...this.#values].every(([name, value]) => other.#values.get(name) === value)
  }
}

/** The settings in a startup packet's `options`, such as `-c timezone=Asia/Tokyo`. */
export function parseOptions(options) {
  const found = options.matchAll(/(?:-c\s*|--)([\w.-]+)=((?:\\.|[^\s\\])*)/g)
  return [...found].map(([, name, value]) => [
    name.replaceAll('-', '_'),
    value.replace(/\\(.)/g, '$1'),
  ])
}

function customValue(engine, name) {
  const [[value]] = engine.query(`SELECT pg_catalog.current_setting(${literal(name)}, true)`)
  return value ?? ''
}

function roles(engine) {
  const [[sessionUser, role]] = engine.query(
    "SELECT session_user, pg_catalog.current_setting('role')",
  )
  return [
    ['session_authorization', sessionUser],
    ['role', role],
  ]
}

function assignment(name, value) {
  return `SELECT pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`
}

function literal(text) {
  return `'${text.replaceAll("'", "''")}'`
}
