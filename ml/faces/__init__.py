"""One file per model: faces."""
