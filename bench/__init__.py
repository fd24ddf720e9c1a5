"""Measures one steady-state run against the ways of doing it that were not chosen."""
