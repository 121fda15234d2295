"""The library and its keeper: what knows tables, files and time."""
