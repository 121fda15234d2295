"""The suite: same paths as the code."""
