"""Tests of the page shell and the files it brings."""
