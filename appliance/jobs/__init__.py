"""What is done to the whole library, one file per job."""
