"""A real service and a real browser, from first start to an opened photo."""
