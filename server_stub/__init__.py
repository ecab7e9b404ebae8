"""A settlement server: issuer and acquirer in one process, over one double-entry ledger."""
