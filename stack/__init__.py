"""Writes the template that `chalice package` merges into its own: all of AWS around the functions.

`functions.py` is the table to add a function to; everything a function needs follows from it.
"""
