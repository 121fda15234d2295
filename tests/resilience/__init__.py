"""Whatever happens, the service lives and no file is lost."""
