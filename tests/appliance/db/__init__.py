"""The engine, the tables and their migrations."""
