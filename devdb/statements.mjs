/* What the server must know about a statement before the engine sees it. */

const QUOTED_OR_COMMENT = new RegExp(
  [
    String.raw`(?<comment>--[^\n]*|/\*[\s\S]*?\*/)`,
    String.raw`\be'(?:[^'\\]|\\[\s\S]|'')*'`,
    String.raw`'(?:[^']|'')*'`,
    String.raw`"(?:[^"]|"")*"`,
    String.raw`\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$`,
  ].join('|'),
  'gi',
)
const COPY_FROM_STDIN = /(?:^|;)\s*copy\b[^;]*\bfrom\s+stdin\b/i
const COPY_IN_BATCH = 'the embedded database serves COPY FROM STDIN in simple queries only'

/** Whether the client is going to send data after this statement. */
export function copiesFromClient(text) {
  if (!/copy[\s\S]*stdin/i.test(text)) return false
  return COPY_FROM_STDIN.test(withoutQuotedText(text))
}

export const copiesBinary = (text) => /\bbinary\b/i.test(text)
export const mayUseTemporaryTables = (text) => /\btemp(?:orary)?\b/i.test(text)
export const mayUseSessionLocks = (text) => /\bpg_(?:try_)?advisory_lock/i.test(text)

/** Why a statement of an extended query is refused, or null. */
export function extendedRefusal(text) {
  return copiesFromClient(text) ? COPY_IN_BATCH : null
}

/** A statement that fails in its place, so that the transaction takes notice. */
export function failingStatement(reason) {
  return `DO $refusal$ BEGIN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = '${reason}';
  END $refusal$`
}

function withoutQuotedText(text) {
  return text.replace(QUOTED_OR_COMMENT, (...match) => (match.at(-1).comment ? ' ' : ' x '))
}
