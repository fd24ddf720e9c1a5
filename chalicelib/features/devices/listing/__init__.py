"""The list of devices: what is asked for, which devices that are, and how many."""
