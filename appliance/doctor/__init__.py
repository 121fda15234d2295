"""What `homeroll doctor` looks at, a module for each part of the house; `examine` has the list."""
