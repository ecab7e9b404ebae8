"""Every table of the ledger: each column stands here once, in the sequence of its row, and so do both translations."""
