"""What an organization can be. Standard library only."""

from enum import StrEnum


class OrganizationStatus(StrEnum):
    """Whether its people and devices are let in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class OrganizationSort(StrEnum):
    """By what organizations are listed."""

    NAME = "name"
    CREATED_AT = "createdAt"
