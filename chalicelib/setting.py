"""Environment variables: each is declared once, with how its text is understood."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from chalicelib.errors import InvalidSettingError

T = TypeVar("T")


@dataclass(frozen=True)
class Setting(Generic[T]):
    """An environment variable, and how its text is understood.

    Without a *default* it has to be set, unless *is_optional*. *in_stage* is its value in the
    deployed stages, in which `{stage}` stands for the stage's name: it is for what is read while
    the application is packaged. A *former_name* counts where the variable itself is not set.
    """

    name: str
    parse: Callable[[str], T]
    decides: str
    default: str | None = None
    is_optional: bool = False
    in_stage: str | None = None
    former_name: str | None = None

    def value(self, environ: Mapping[str, str] = os.environ) -> T:
        """What is set, else the default; an empty text counts as not set.

        Raises `InvalidSettingError` naming the variable.
        """
        name = self._name_in(environ)
        text = environ.get(name) or self.default
        if text is None:
            raise InvalidSettingError(self.name, "is not set")
        try:
            return self.parse(text)
        except ValueError as problem:
            raise InvalidSettingError(name, str(problem)) from None

    def value_if_set(self, environ: Mapping[str, str] = os.environ) -> T | None:
        """The same, but None where it is not set and has no default."""
        is_set = environ.get(self._name_in(environ)) or self.default
        return self.value(environ) if is_set else None

    def _name_in(self, environ: Mapping[str, str]) -> str:
        if self.former_name and environ.get(self.former_name) and not environ.get(self.name):
            return self.former_name
        return self.name


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """A parser of whole numbers from *lowest* to *highest*."""

    def parse(text: str) -> int:
        # isdecimal() alone would let digits of other scripts through.
        is_number = text.isascii() and text.isdecimal() and len(text) < 12
        if not is_number or not lowest <= int(text) <= highest:
            raise ValueError(
                f"must be a whole number from {lowest} to {highest}, not {text[:40]!r}"
            )
        return int(text)

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser of exactly these texts."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {text[:40]!r}")
        return text

    return parse


def true_or_false(text: str) -> bool:
    """A parser of the two words, and of nothing else that might mean them."""
    return one_of("true", "false")(text) == "true"


def matching(pattern: str, what: str) -> Callable[[str], str]:
    """A parser of texts that *pattern* matches as a whole.

    The error for any other text says that it must be *what*.
    """

    def parse(text: str) -> str:
        # Compiled when it is needed: a function that starts reads a few settings only.
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {what}, not {text[:80]!r}")
        return text

    return parse


schedule_expression = matching(
    r"(cron|rate)\([^()]+\)", "an EventBridge cron(…) or rate(…) expression"
)
