"""Tests of appliance/importing."""
