"""Tests of what keeps the library whole."""
