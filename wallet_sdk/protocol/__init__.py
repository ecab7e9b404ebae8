"""The protocol: pure functions between bytes and messages. No I/O, clock, randomness, logging or globals."""
