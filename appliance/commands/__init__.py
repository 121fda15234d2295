"""One file per command line verb: parse arguments, call one function, print."""
