"""Captioners: decoding, and each model beside the libraries it was published with."""
