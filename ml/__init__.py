"""Models: pixels in, plain results out; knows no tables."""
