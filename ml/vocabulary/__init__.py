"""The words that pictures are compared with when tags are told from their embedding."""
