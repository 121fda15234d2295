"""Copies of what must not be lost: the database, the originals, the settings; and the way back."""
