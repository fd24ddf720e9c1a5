"""Modules become one script, each with a scope of its own; what is not understood is refused."""

import re

import pytest

from chalicelib.console.modules import UnreadableModuleError, joined

PARTS = {
    "view.js": 'import { html } from "./console.js";\n'
    'import { List, TITLE } from "./view_list.js";\n'
    "export const view = { title: TITLE, pages: [{ Component: List, html }] };",
    "view_list.js": 'import { words } from "./view_words.js";\n'
    'export { TITLE } from "./view_words.js";\n'
    "const COLUMNS = [];\n"
    "export function List() { return words(COLUMNS); }",
    "view_words.js": 'export const TITLE = "Words";\n'
    "const COLUMNS = [1];\n"
    "export async function words() { return COLUMNS; }",
}


def test_a_module_comes_after_whatever_it_needs_and_once() -> None:
    names = re.findall(r"^// (.+)$", joined("view.js", PARTS), re.MULTILINE)
    assert names == ["view_words.js", "view_list.js", "view.js"]


def test_what_is_imported_from_elsewhere_is_imported_once_for_all() -> None:
    parts = PARTS | {
        "view_words.js": 'import { html } from "./console.js";\n' + PARTS["view_words.js"]
    }
    script = joined("view.js", parts)
    assert re.findall(r"^import .*$", script, re.MULTILINE) == [
        'import * as $console_js from "./console.js";'
    ]


def test_the_script_exports_what_its_entry_does() -> None:
    assert joined("view.js", PARTS).endswith("\nexport const { view } = $view_js;\n")
    assert "return { TITLE, List };" in joined("view.js", PARTS)


def test_a_module_that_nobody_imports_is_left_out() -> None:
    assert "never" not in joined("view.js", {**PARTS, "view_never.js": "const never = 1;"})


@pytest.mark.parametrize(
    "line",
    [
        'import * as all from "./view_words.js";',
        'import { TITLE as title } from "./view_words.js";',
        'import "./view_words.js";',
        'import { TITLE } from "../elsewhere.js";',
        "import {",
        "export default 1;",
        "export { view };",
        "export let view = 1;",
        "export const { view } = all;",
    ],
)
def test_a_form_that_is_not_understood_is_refused(line: str) -> None:
    with pytest.raises(UnreadableModuleError, match=r"view\.js, line 2"):
        joined("view.js", {**PARTS, "view.js": f"// A view.\n{line}"})


def test_modules_that_import_each_other_are_refused() -> None:
    circle = {**PARTS, "view_words.js": 'import { List } from "./view_list.js";'}
    with pytest.raises(UnreadableModuleError, match=r"view_list\.js → view_words\.js → view_list"):
        joined("view.js", circle)
