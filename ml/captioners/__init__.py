"""One file per model: captioners."""
