"""The server's use cases. What needs no lock (parsing, signatures, rules) is done first; a command decides."""
