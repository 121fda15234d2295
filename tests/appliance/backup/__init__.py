"""Tests of appliance.backup."""
