"""Tests of `ml.readers`."""
