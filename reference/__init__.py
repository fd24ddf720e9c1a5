"""Writes docs/reference.md, the tables that follow from the declarations and the routes."""
