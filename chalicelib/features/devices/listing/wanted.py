"""What a list is asked for, read."""

from dataclasses import dataclass

from chalicelib.features.devices.listing.near import Near


@dataclass(frozen=True)
class Wanted:
    """What is asked for, read: *type_ids* are the types that are called so."""

    status: str | None
    lifecycle: str | None
    connectivity: str | None
    type_ids: list[str] | None
    any_tags: list[str]
    all_tags: list[str]
    words: list[str]
    address_words: list[str]
    near: Near | None
