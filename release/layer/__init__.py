"""Makes the Lambda layer that carries Arrow, for the one function that reads Parquet."""
