"""Makes the package that is deployed, and refuses to make one that would not run."""
