"""Tests of the dashboard, against the real service over its real socket."""
