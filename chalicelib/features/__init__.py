"""The features of the application, by the name of their folder."""

FEATURES = ("device_parameters", "heartbeats", "parquet_loads")
