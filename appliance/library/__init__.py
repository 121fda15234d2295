"""Rules and queries, one noun per file; the only writer of tables."""
