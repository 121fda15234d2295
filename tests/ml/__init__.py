"""Models: pixels in, plain results out."""
