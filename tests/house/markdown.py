"""Documents as a reader of links sees them."""

import re
from pathlib import Path


def anchors(page: Path) -> set[str]:
    """Where a link into *page* may lead, as GitHub names it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
