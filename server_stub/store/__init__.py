"""Where the server keeps what it knows: one small interface, one adapter for each database."""
