"""Runs an unpacked package as AWS Lambda does, on this machine: for tests and measurements."""
