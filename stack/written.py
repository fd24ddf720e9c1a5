"""The files that follow from the declarations. They are committed, and a test compares them."""

import json
from pathlib import Path

from stack import database_roles, stages, template
from stack.declared import DECLARED, Declared
from stack.intrinsics import Json

ROOT = Path(__file__).resolve().parent.parent


def files(declared: Declared = DECLARED) -> dict[str, str]:
    """By path from the root of the project, what each file holds."""
    return {
        ".chalice/config.json": _json(stages.config(declared)),
        **{
            f".chalice/policy-{stage}.json": _json(stages.policy(stage, declared))
            for stage in stages.STAGES
        },
        ".chalice/resources.json": _json(template.template(declared)),
        **{
            f"docs/{role}-role.sql": database_roles.script(role, declared)
            for role in database_roles.roles(declared)
        },
    }


def _json(content: Json) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
