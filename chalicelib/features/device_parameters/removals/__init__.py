"""Removals that wait for a person: holding them back, looking at them, and letting them go."""
