"""How files on disk and uploads become stored files."""
