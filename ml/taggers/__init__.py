"""One file per model: taggers."""
