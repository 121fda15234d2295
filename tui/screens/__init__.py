"""One screen per noun."""
