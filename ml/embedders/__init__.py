"""One file per model: embedders."""
