"""Tests of appliance/steps."""
