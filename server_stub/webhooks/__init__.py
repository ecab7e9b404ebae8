"""Webhooks without a database: how a delivery is signed, when it is tried, where it may go, and one try over HTTP."""
