"""Tests of appliance/jobs."""
