"""Pictures that show the same: what they look like in 256 bits, who is near whom, and groups of them."""
