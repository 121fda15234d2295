"""What is done to one stored file, one file per step."""
