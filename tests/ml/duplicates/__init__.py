"""Tests of ml.duplicates."""
